"""Read vendors, products and stock movements."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from peewee import JOIN

from models import Product, StockMovement, User, Vendor
from portal.db import Keyset, alphabetical, has_part, within


def on_sale() -> Any:
    """Return the condition of a product for sale, of a query that joins its vendor: neither is withdrawn."""
    return Product.active & Vendor.active


def find_product_by_slug(slug: str) -> Product | None:
    """Return a product for sale with its vendor, or None."""
    product: Product | None = _products_with_vendor().where((Product.slug == slug) & on_sale()).first()
    return product


def active_products_by_id(product_ids: Iterable[int]) -> dict[int, Product]:
    """Return the products for sale among these ids, each with its vendor."""
    if not (ids := list(product_ids)):  # orders of connected stores have none
        return {}
    rows = _products_with_vendor().where(Product.id.in_(ids) & on_sale())
    return {product.id: product for product in rows}


def lock_active_products(product_ids: Iterable[int]) -> dict[int, Product]:
    """Return the products for sale among these ids, locked in id order until the transaction ends.

    NO KEY: lines of new orders that only reference a product do not wait.
    """
    if not (ids := list(product_ids)):
        return {}
    rows = Product.select().where(Product.id.in_(ids)).order_by(Product.id)
    locked = list(rows.for_update("FOR NO KEY UPDATE"))  # type: ignore[arg-type]
    vendors = vendors_by_id(row.vendor_id for row in locked)
    return {row.id: row for row in locked if row.active and vendors[row.vendor_id].active}


def products_by_id(product_ids: Iterable[int]) -> dict[int, Product]:
    """Return the products of these ids, withdrawn ones included."""
    ids = list(product_ids)
    return {row.id: row for row in Product.select().where(Product.id.in_(ids))} if ids else {}


def vendors_by_id(vendor_ids: Iterable[int]) -> dict[int, Vendor]:
    """Return the vendors of these ids."""
    ids = list(vendor_ids)
    return {row.id: row for row in Vendor.select().where(Vendor.id.in_(ids))} if ids else {}


def list_vendors_of_user(user_id: int, language: str) -> list[Vendor]:
    """Return the vendors that an account sells as, in the alphabet of a language."""
    rows = Vendor.select().where(Vendor.user == user_id)
    return list(rows.order_by(alphabetical(Vendor.name, language), Vendor.id))


def count_vendors_of_user(user_id: int) -> int:
    """Return the number of vendors that an account sells as, deactivated ones included."""
    return int(Vendor.select().where(Vendor.user == user_id).count())


def list_vendor_ledger(search: str = "", active: bool | None = None) -> Keyset[Vendor]:
    """Return vendors with their owners, newest first, whose name has a part, on or off sale where given."""
    rows = Vendor.select(Vendor, User).join(User, JOIN.LEFT_OUTER)
    if search:
        rows = rows.where(has_part(Vendor.name, search))
    if active is not None:
        rows = rows.where(Vendor.active == active)
    return Keyset(rows, Vendor.id)


def list_stock_ledger(since: datetime | None, until: datetime | None) -> Keyset[StockMovement]:
    """Return every stock movement of a period with its product, newest first."""
    rows = StockMovement.select(StockMovement, Product).join(Product)
    return Keyset(within(rows, StockMovement.created_at, since, until), StockMovement.id)


def _products_with_vendor() -> Any:
    return Product.select(Product, Vendor).join(Vendor)
