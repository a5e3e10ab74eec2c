"""Read products for the people who keep them, and the pages of the shop. See docs/catalogue.md."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from operator import or_
from typing import Any

from peewee import Tuple, Value, fn

from models import Product, ProductSlug, StockMovement, Vendor
from portal.catalogue.product_rules import ProductNotFound, text_in
from portal.catalogue.queries import on_sale
from portal.db import (
    CursorInvalid,
    Keyset,
    Page,
    alphabetical,
    cut_page,
    has_part,
    parse_cursor,
    within,
)

SHOP_PAGE = 48
DESK_PAGE = 50
MOVEMENTS_PAGE = 20
ON_SALE, ARCHIVED, SOLD_OUT = "on_sale", "archived", "sold_out"
STATES = (ON_SALE, SOLD_OUT, ARCHIVED)


@dataclass(frozen=True)
class ProductFilter:
    """Which products a list shows: a part of the name or slug, a state of STATES, a vendor; empty means all.

    `since` and `until` bound the time at which they were created.
    """

    text: str = ""
    state: str = ""
    vendor_id: int | None = None
    since: datetime | None = None
    until: datetime | None = None


def page_of_shop(language: str, cursor: str | None = None, size: int = SHOP_PAGE) -> Page[Product]:
    """Return a page of the products for sale in the alphabet of a language, each with its vendor.

    Raises CursorInvalid.
    """
    shown = fn.COALESCE(fn.jsonb_extract_path_text(Product.translations, language, "name"), Product.name)
    key = (alphabetical(shown, language), Product.id)
    rows = Product.select(Product, Vendor).join(Vendor).where(on_sale())
    if cursor:
        (last_id,) = parse_cursor(cursor, Product.id)
        last = Product.get_or_none(Product.id == last_id)
        if last is None:
            raise CursorInvalid(field="cursor")
        last_name = alphabetical(Value(text_in(last, "name", language)), language)
        rows = rows.where(Tuple(*key) > Tuple(last_name, last.id))
    found = list(rows.order_by(*key).limit(size + 1))
    return cut_page(found, size, lambda row: (row.id,))


def page_of_desk(
    filters: ProductFilter, vendor_ids: Collection[int] | None, cursor: str | None = None
) -> Page[Product]:
    """Return a page of the products of these vendors, of all for None, newest first; raise CursorInvalid."""
    return keyset_of_desk(filters, vendor_ids).page(cursor, DESK_PAGE)


def keyset_of_desk(filters: ProductFilter, vendor_ids: Collection[int] | None) -> Keyset[Product]:
    """Return the products of these vendors, of all for None, each with its vendor, newest first."""
    rows = _of_vendors(vendor_ids)
    if filters.vendor_id is not None:
        rows = rows.where(Product.vendor == filters.vendor_id)
    if filters.text:
        translations = Product.translations.cast("text")
        texts = (Product.name, translations, Product.slug)
        rows = rows.where(reduce(or_, [has_part(text, filters.text) for text in texts]))
    rows = within(rows, Product.created_at, filters.since, filters.until)
    return Keyset(_in_state(rows, filters.state), Product.id)


def get_product_of_vendors(product_id: int, vendor_ids: Collection[int] | None) -> Product:
    """Return a product of these vendors, of any for None, with its vendor; raise ProductNotFound."""
    product: Product | None = _of_vendors(vendor_ids).where(Product.id == product_id).first()
    if product is None:
        raise ProductNotFound
    return product


def list_vendors_in(
    vendor_ids: Collection[int] | None, language: str, most: int | None = None
) -> list[Vendor]:
    """Return these vendors, or all for None, in the alphabet of a language; the first `most` only where given."""
    rows = _vendors_in(vendor_ids).order_by(alphabetical(Vendor.name, language), Vendor.id)
    return list(rows.limit(most))


def list_vendors_named(
    part: str, vendor_ids: Collection[int] | None, language: str, most: int
) -> list[Vendor]:
    """Return the first `most` of these vendors, or of all for None, whose name has a part, without regard to case."""
    rows = _vendors_in(vendor_ids).where(has_part(Vendor.name, part))
    return list(rows.order_by(alphabetical(Vendor.name, language), Vendor.id).limit(most))


def find_vendor(vendor_id: int) -> Vendor | None:
    """Return a vendor or None."""
    return Vendor.get_or_none(Vendor.id == vendor_id)


def _vendors_in(vendor_ids: Collection[int] | None) -> Any:
    rows = Vendor.select()
    return rows if vendor_ids is None else rows.where(Vendor.id.in_(list(vendor_ids)))


def page_of_movements(product_id: int, cursor: str | None = None) -> Page[StockMovement]:
    """Return a page of the stock movements of a product, newest first; raise CursorInvalid."""
    rows: Keyset[StockMovement] = Keyset(
        StockMovement.select().where(StockMovement.product == product_id), StockMovement.id
    )
    return rows.page(cursor, MOVEMENTS_PAGE)


def find_present_slug(earlier_slug: str) -> str | None:
    """Return the present slug of the product for sale that had this one, or None."""
    rows = Product.select(Product.slug).join(ProductSlug, on=(ProductSlug.product == Product.id))
    product = rows.where((ProductSlug.slug == earlier_slug) & Product.active).first()
    return product.slug if product else None


def _in_state(rows: Any, state: str) -> Any:
    conditions = {
        ON_SALE: Product.active & (Product.stock > 0),
        SOLD_OUT: Product.active & (Product.stock <= 0),
        ARCHIVED: ~Product.active,
    }
    return rows.where(conditions[state]) if state in conditions else rows


def _of_vendors(vendor_ids: Collection[int] | None) -> Any:
    rows = Product.select(Product, Vendor).join(Vendor)
    return rows if vendor_ids is None else rows.where(Product.vendor.in_(list(vendor_ids)))
