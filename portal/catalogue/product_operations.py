"""Create and change products, and move their stock by hand; every change has an event. See docs/catalogue.md."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict
from typing import Any

from models import Product, ProductSlug, StockMovement
from portal.catalogue.product_rules import (
    SLUG_LENGTH,
    ProductChanged,
    ProductNotFound,
    ProductValues,
    SlugTaken,
    fingerprint,
)
from portal.db import Actor, find_entity_with_key, has_event_with_key, query, record_event, transaction
from portal.lib.errors import InputInvalid
from portal.lib.money import major_text

_ID_END = 2**63


def add_product(
    vendor_id: int, values: ProductValues, stock: int, actor: Actor, *, on_sale: bool = True, key: str = ""
) -> int:
    """Write a product with its opening stock and return its id; raise InputInvalid where its slug is taken.

    A form that is sent twice has the same `key` and creates one product.
    """
    with transaction():
        known = _find_created(key, actor) if key else None
        if known is not None:
            return known
        _claim_slug(values.slug, None)
        columns = {**asdict(values), "vendor": vendor_id, "stock": stock, "active": on_sale}
        product_id: int = Product.insert(columns).execute()
        if stock:
            _record_movement(product_id, stock, "initial", None, actor)
        data = _as_data(values, stock) | ({"key": key} if key else {})
        record_event(actor, "product", product_id, "product_created", data=data)
    return product_id


def change_product(
    product_id: int,
    values: ProductValues,
    actor: Actor,
    *,
    vendor_ids: Collection[int] | None,
    shown: str | None = None,
) -> bool:
    """Set what a form or a file sets of a product, and return whether anything changed.

    `vendor_ids` are the vendors whose products the person may change, None for all; `shown` is the fingerprint of the
    product that was shown. Raises ProductNotFound, ProductChanged, or InputInvalid where the slug is taken.
    """
    with transaction():
        product = lock_product_of_vendors(product_id, vendor_ids)
        if shown is not None and shown != fingerprint(product):
            raise ProductChanged
        changes = {name: value for name, value in asdict(values).items() if value != getattr(product, name)}
        if not changes:
            return False
        if "slug" in changes:
            _claim_slug(values.slug, product_id)
            ProductSlug.insert(slug=product.slug, product=product_id).on_conflict_ignore().execute()
        Product.update(changes).where(Product.id == product_id).execute()
        data = {name: [getattr(product, name), value] for name, value in changes.items()}
        record_event(actor, "product", product_id, "product_changed", data=data)
    return True


def switch_sale(product_id: int, actor: Actor, *, vendor_ids: Collection[int] | None, on_sale: bool) -> bool:
    """Put a product on sale or archive it, and return whether that changed; raise ProductNotFound."""
    with transaction():
        product = lock_product_of_vendors(product_id, vendor_ids)
        if product.active == on_sale:
            return False
        Product.update(active=on_sale).where(Product.id == product_id).execute()
        record_event(actor, "product", product_id, "product_put_on_sale" if on_sale else "product_archived")
    return True


def correct_stock(
    product_id: int,
    quantity: int,
    reason: str,
    actor: Actor,
    *,
    vendor_ids: Collection[int] | None,
    key: str = "",
) -> int:
    """Move the stock of a product by hand and return what is in stock now; raise ProductNotFound.

    A form that is sent twice has the same `key` and moves the stock once.
    """
    with transaction():
        product = lock_product_of_vendors(product_id, vendor_ids)
        if key and has_event_with_key("product", product_id, "stock_corrected", key):
            return int(product.stock)
        update = Product.update(stock=Product.stock + quantity).where(Product.id == product_id)
        (row,) = update.returning(Product.stock).execute()
        _record_movement(product_id, quantity, "correction", reason, actor)
        data = {"quantity": quantity, "stock": row.stock, **({"key": key} if key else {})}
        record_event(actor, "product", product_id, "stock_corrected", reason=reason, data=data)
    return int(row.stock)


def lock_product_of_vendors(product_id: int, vendor_ids: Collection[int] | None) -> Product:
    """Return a product of these vendors, of any for None, locked until the transaction ends; raise ProductNotFound."""
    rows = Product.select().where(Product.id == min(product_id, _ID_END - 1))
    if vendor_ids is not None:
        rows = rows.where(Product.vendor.in_(list(vendor_ids)))
    product: Product | None = rows.for_update("FOR NO KEY UPDATE").first()  # type: ignore[arg-type]
    if product is None:
        raise ProductNotFound
    return product


def _find_created(key: str, actor: Actor) -> int | None:
    # Of a form that is sent twice at once, the second waits here and sees the product of the first.
    query("SELECT pg_advisory_xact_lock(hashtextextended('product_created ' || %s, 0))", [key])
    known = find_entity_with_key("product", "product_created", key, actor.user_id)
    return None if known is None else int(known)


def free_slug(slug: str) -> str:
    """Return a slug that no product has: this one, or the first with a number behind it."""
    base = slug[: SLUG_LENGTH - 5].rstrip("-")
    rows = query("SELECT slug FROM products WHERE slug = %s OR slug LIKE %s", [slug, f"{base}-%"])
    taken = {row[0] for row in rows}
    candidates = (slug, *(f"{base}-{number}" for number in range(2, len(taken) + 3)))
    return next(candidate for candidate in candidates if candidate not in taken)


def _claim_slug(slug: str, product_id: int | None) -> None:
    """Refuse a slug of another product; an earlier address of one gives way."""
    # Two products that claim one slug at a time wait for each other here.
    query("SELECT pg_advisory_xact_lock(hashtextextended('product_slug ' || %s, 0))", [slug])
    taken = Product.select(Product.id).where(Product.slug == slug).first()
    if taken is not None and taken.id != product_id:
        raise InputInvalid({"slug": SlugTaken(field="slug", slug=slug)})
    ProductSlug.delete().where(ProductSlug.slug == slug).execute()


def _record_movement(product_id: int, quantity: int, reason: str, note: str | None, actor: Actor) -> None:
    StockMovement.insert(
        product=product_id, quantity=quantity, reason=reason, note=note, actor_user_id=actor.user_id
    ).execute()


def _as_data(values: ProductValues, stock: int) -> dict[str, Any]:
    price = f"{major_text(values.price_minor, values.currency)} {values.currency}"
    return {"slug": values.slug, "name": values.name, "price": price, "stock": stock}
