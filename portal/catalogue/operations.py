"""Add products, and move stock: every change of stock has one row in `stock_movements`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from models import BackOrder, Product, StockMovement
from portal.db import transaction
from portal.lib.money import check_currency
from portal.lib.texts import clean_line, clean_text


@dataclass(frozen=True)
class NewProduct:
    """What a product starts with; the price is in minor units, `referral_percent` None where it has no own rate."""

    vendor_id: int
    slug: str
    name: str
    description: str
    price_minor: int
    currency: str
    stock: int
    referral_percent: Decimal | None = None


def create_product(new: NewProduct) -> int:
    """Write a product with its opening stock movement; return its id.

    Raises CurrencyUnknown or CharacterRefused.
    """
    currency = check_currency(new.currency)
    with transaction():
        product_id: int = Product.insert(
            vendor=new.vendor_id,
            slug=new.slug,
            name=clean_line(new.name, "name"),
            description=clean_text(new.description, "description"),
            price_minor=new.price_minor,
            currency=currency,
            stock=new.stock,
            referral_percent=new.referral_percent,
        ).execute()
        if new.stock:
            StockMovement.insert(product=product_id, quantity=new.stock, reason="initial").execute()
    return product_id


@dataclass(frozen=True)
class Shortage:
    """A product of a paid order of which `missing` pieces were not in stock."""

    product_id: int
    missing: int


def deduct_stock(order_id: str, quantities: Mapping[int, int], referral_code: str | None) -> list[Shortage]:
    """Take the goods of a paid order from stock, with one movement per product, and return what was missing.

    `quantities` are pieces by product id. Stock may go below zero: a payment is never refused here, and what is
    missing becomes a back-order.
    """
    shortages = []
    # Products are locked in id order, so that orders sharing products cannot deadlock.
    for product_id, quantity in sorted(quantities.items()):
        stock = _move(product_id, order_id, -quantity, "sale", referral_code)
        if stock < 0:
            shortages.append(Shortage(product_id, min(quantity, -stock)))
    for shortage in shortages:
        BackOrder.insert(order_id=order_id, product=shortage.product_id, quantity=shortage.missing).execute()
    return shortages


def return_stock(order_id: str) -> None:
    """Put back what an order took from stock, with one movement per product, products in id order.

    The database refuses a second movement of the same reason for an order and product.
    """
    sold = (StockMovement.order_id == order_id) & (StockMovement.reason == "sale")
    for sale in StockMovement.select().where(sold).order_by(StockMovement.product):
        _move(sale.product_id, order_id, -sale.quantity, "refund", sale.referral_code)


def _move(product_id: int, order_id: str, quantity: int, reason: str, referral_code: str | None) -> int:
    """Change a product's stock and return the new one."""
    update = Product.update(stock=Product.stock + quantity).where(Product.id == product_id)
    (row,) = update.returning(Product.stock).execute()
    StockMovement.insert(
        product=product_id,
        order_id=order_id,
        quantity=quantity,
        reason=reason,
        referral_code=referral_code,
    ).execute()
    return int(row.stock)
