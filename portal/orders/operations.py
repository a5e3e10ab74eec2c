"""Create orders, mark them paid, take their goods from stock."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from models import Order, OrderItem, Product, StockMovement
from portal.db import Actor, move_status, query, record_event, transaction
from portal.orders.rules import OrderLine
from portal.orders.status_rules import TRANSITIONS, UNPAID

_FOLD = """
WITH gone AS (DELETE FROM code_order_deltas RETURNING code, orders, paid, refunded)
INSERT INTO code_order_totals AS t (code, orders, paid, refunded)
SELECT code, sum(orders), sum(paid), sum(refunded) FROM gone GROUP BY 1
ON CONFLICT (code) DO UPDATE SET orders = t.orders + excluded.orders, paid = t.paid + excluded.paid,
    refunded = t.refunded + excluded.refunded
RETURNING t.code
"""


def create_order(
    order_id: str,
    order_reference: str,
    buyer_user_id: int,
    lines: Sequence[OrderLine],
    *,
    checkout_key: str | None,
    actor: Actor,
) -> Order:
    """Write an order and its lines with status created; a repeated checkout key raises IntegrityError."""
    with transaction():
        Order.insert(
            id=order_id,
            order_reference=order_reference,
            buyer=buyer_user_id,
            total_minor=sum(line.subtotal_minor for line in lines),
            currency=lines[0].currency,
            checkout_key=checkout_key,
        ).execute()
        OrderItem.insert_many([_item_row(order_id, line) for line in lines]).execute()
        record_event(
            actor, "order", order_id, "order_created", to_status="created", order_reference=order_reference
        )
    return Order.get_by_id(order_id)


def _item_row(order_id: str, line: OrderLine) -> dict[str, Any]:
    return {
        "order": order_id,
        "product": line.product_id,
        "vendor": line.vendor_id,
        "name": line.name,
        "quantity": line.quantity,
        "unit_price_minor": line.unit_price_minor,
        "subtotal_minor": line.subtotal_minor,
    }


def attribute_order(
    order_id: str, code: str, referrer_user_id: int, referrer_wallet: str, trace: list[dict[str, Any]]
) -> None:
    """Credit an order to a code's owner, with the decision trace."""
    Order.update(
        referral_code=code,
        referrer_user_id=referrer_user_id,
        referrer_wallet=referrer_wallet,
        referral_reason=None,
        referral_trace=trace,
    ).where(Order.id == order_id).execute()


def drop_attribution(order_id: str, reason: str, trace: list[dict[str, Any]]) -> None:
    """Credit an order to nobody, with the reason and the decision trace."""
    Order.update(
        referral_code=None,
        referrer_user_id=None,
        referrer_wallet=None,
        referral_reason=reason,
        referral_trace=trace,
    ).where(Order.id == order_id).execute()


def change_reference(order_id: str, order_reference: str, actor: Actor) -> bool:
    """Give an unpaid order the reference of another attempt to pay it; return whether it was unpaid."""
    with transaction():
        before = Order.get_by_id(order_id).order_reference
        changed = (
            Order.update(order_reference=order_reference)
            .where((Order.id == order_id) & Order.status.in_(UNPAID))
            .execute()
        )
        if changed:
            record_event(
                actor,
                "order",
                order_id,
                "order_reference_changed",
                order_reference=order_reference,
                data={"before": before},
            )
    return bool(changed)


def mark_order_paid(order_id: str, paid_at: datetime, actor: Actor) -> bool:
    """Mark an order paid once; return whether this call did it."""
    return move_status(
        Order,
        order_id,
        TRANSITIONS["pay"],
        entity="order",
        actor=actor,
        paid_at=paid_at,
    )


def deduct_stock(order_id: str, referral_code: str | None) -> None:
    """Take a paid order's goods from stock with one movement a product (SPEC section 4).

    Products are locked in id order so that orders sharing products cannot deadlock.
    """
    items = OrderItem.select().where(OrderItem.order == order_id).order_by(OrderItem.product)
    for item in items:
        Product.update(stock=Product.stock - item.quantity).where(Product.id == item.product_id).execute()
        StockMovement.insert(
            product=item.product_id,
            order_id=order_id,
            quantity=-item.quantity,
            reason="sale",
            referral_code=referral_code,
        ).execute()


def mark_order_refunded(order_id: str, actor: Actor) -> bool:
    """Mark a paid order refunded once; return whether this call did it."""
    return move_status(
        Order,
        order_id,
        TRANSITIONS["refund"],
        entity="order",
        actor=actor,
    )


def return_stock(order_id: str) -> None:
    """Put back what an order took from stock, with one movement a product, products in id order.

    The database refuses a second movement of this reason for an order and product.
    """
    sold = (StockMovement.order_id == order_id) & (StockMovement.reason == "sale")
    for sale in StockMovement.select().where(sold).order_by(StockMovement.product):
        Product.update(stock=Product.stock - sale.quantity).where(Product.id == sale.product_id).execute()
        StockMovement.insert(
            product=sale.product_id,
            order_id=order_id,
            quantity=-sale.quantity,
            reason="refund",
            referral_code=sale.referral_code,
        ).execute()


def fold_code_orders() -> int:
    """Fold what orders have noted into the kept totals of their codes and return how many codes changed.

    One statement: a reader sees the differences or the totals, never both and never neither.
    """
    return len(query(_FOLD))
