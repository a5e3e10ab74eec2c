"""Read vendors, products and stock movements."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from models import Product, StockMovement, Vendor
from portal.db import Keyset, within


def list_products() -> list[Product]:
    """Return the products for sale by name, each with its vendor."""
    rows = _products_with_vendor().where(Product.active)
    return list(rows.order_by(Product.name, Product.id))


def find_product_by_slug(slug: str) -> Product | None:
    """Return a product for sale with its vendor, or None."""
    product: Product | None = _products_with_vendor().where((Product.slug == slug) & Product.active).first()
    return product


def active_products_by_id(product_ids: Iterable[int]) -> dict[int, Product]:
    """Return the products for sale among these ids, each with its vendor."""
    rows = _products_with_vendor().where(Product.id.in_(list(product_ids)) & Product.active)
    return {product.id: product for product in rows}


def products_by_id(product_ids: Iterable[int]) -> dict[int, Product]:
    """Return the products of these ids, withdrawn ones included."""
    return {row.id: row for row in Product.select().where(Product.id.in_(list(product_ids)))}


def vendors_by_id(vendor_ids: Iterable[int]) -> dict[int, Vendor]:
    """Return the vendors of these ids."""
    return {row.id: row for row in Vendor.select().where(Vendor.id.in_(list(vendor_ids)))}


def list_vendors_of_user(user_id: int) -> list[Vendor]:
    """Return the vendors that an account sells as, by name."""
    return list(Vendor.select().where(Vendor.user == user_id).order_by(Vendor.name))


def list_stock_ledger(since: datetime | None, until: datetime | None) -> Keyset[StockMovement]:
    """Return every stock movement of a period with its product, newest first."""
    rows = StockMovement.select(StockMovement, Product).join(Product)
    return Keyset(within(rows, StockMovement.created_at, since, until), StockMovement.id)


def _products_with_vendor() -> Any:
    return Product.select(Product, Vendor).join(Vendor)
