"""Move stock: every change of a product's stock has one row in `stock_movements`."""

from __future__ import annotations

from collections.abc import Mapping

from models import Product, StockMovement


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
