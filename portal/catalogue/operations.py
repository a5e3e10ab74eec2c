"""Add vendors and products, and move stock: every change of stock has one row in `stock_movements`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from models import Product, StockMovement, Vendor
from portal.db import transaction


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


def create_vendor(name: str, store_tier: str = "starter", user_id: int | None = None) -> Vendor:
    """Write a vendor and return it; `user_id` is the account that sells as this vendor."""
    return Vendor.create(name=name, store_tier=store_tier, user=user_id)


def create_product(new: NewProduct) -> int:
    """Write a product with its opening stock movement and return its id."""
    with transaction():
        product_id: int = Product.insert(
            vendor=new.vendor_id,
            slug=new.slug,
            name=new.name,
            description=new.description,
            price_minor=new.price_minor,
            currency=new.currency,
            stock=new.stock,
            referral_percent=new.referral_percent,
        ).execute()
        if new.stock:
            StockMovement.insert(product=product_id, quantity=new.stock, reason="initial").execute()
    return product_id


def deduct_stock(order_id: str, quantities: Mapping[int, int], referral_code: str | None) -> None:
    """Take the goods of a paid order from stock, with one movement per product.

    `quantities` are pieces by product id. Stock may go below zero: a payment is never refused here.
    """
    # Products are locked in id order, so that orders sharing products cannot deadlock.
    for product_id, quantity in sorted(quantities.items()):
        _move(product_id, order_id, -quantity, "sale", referral_code)


def return_stock(order_id: str) -> None:
    """Put back what an order took from stock, with one movement per product, products in id order.

    The database refuses a second movement of the same reason for an order and product.
    """
    sold = (StockMovement.order_id == order_id) & (StockMovement.reason == "sale")
    for sale in StockMovement.select().where(sold).order_by(StockMovement.product):
        _move(sale.product_id, order_id, -sale.quantity, "refund", sale.referral_code)


def _move(product_id: int, order_id: str, quantity: int, reason: str, referral_code: str | None) -> None:
    Product.update(stock=Product.stock + quantity).where(Product.id == product_id).execute()
    StockMovement.insert(
        product=product_id,
        order_id=order_id,
        quantity=quantity,
        reason=reason,
        referral_code=referral_code,
    ).execute()
