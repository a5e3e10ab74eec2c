"""A buyer's orders and payments as pages show them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from portal.web.text.format import When, money, when
from portal.web.text.messages import referral_reason

if TYPE_CHECKING:
    from models import Order, OrderItem, PaymentTransaction

# A payment in one of these states may still change.
WAITING = ("redirected", "pending")


@dataclass(frozen=True, slots=True)
class OrderItemView:
    """A line of an order."""

    name: str
    quantity: int


@dataclass(frozen=True, slots=True)
class OrderView:
    """An order of a buyer; `status` is the status of its payment, `reason` says why nobody is credited."""

    id: str
    reference: str
    placed: When
    status: str
    total: str
    refunded: str
    items: tuple[OrderItemView, ...]
    referral_code: str | None
    reason: str
    can_pay: bool


@dataclass(frozen=True, slots=True)
class PaymentView:
    """A payment of an order or a membership; `order_id` is set while the order can still be paid."""

    reference: str
    status: str
    amount: str
    refunded: str
    is_order: bool
    is_waiting: bool
    order_id: str | None
    referral_code: str | None
    reason: str


def order_view(order: Order, items: Sequence[OrderItem], payment: PaymentTransaction | None) -> OrderView:
    """Return an order with its lines and its payment, if one was begun."""
    is_payable = payment is None or payment.status != "pending"
    return OrderView(
        id=order.id,
        reference=order.order_reference,
        placed=when(order.created_at),
        status=payment.status if payment else "created",
        total=money(order.total_minor, order.currency),
        refunded=_refunded(payment),
        items=tuple(OrderItemView(item.name, item.quantity) for item in items),
        referral_code=order.referral_code,
        reason=_reason(order),
        can_pay=order.status == "created" and is_payable,
    )


def payment_view(payment: PaymentTransaction, order: Order | None) -> PaymentView:
    """Return a payment with the order it pays, None for a membership."""
    can_pay = order is not None and order.status == "created"
    return PaymentView(
        reference=payment.order_reference,
        status=payment.status,
        amount=money(payment.amount_minor, payment.currency),
        refunded=_refunded(payment),
        is_order=order is not None,
        is_waiting=payment.status in WAITING,
        order_id=order.id if order and can_pay else None,
        referral_code=order.referral_code if order else None,
        reason=_reason(order) if order else "",
    )


def _refunded(payment: PaymentTransaction | None) -> str:
    return money(payment.refunded_minor, payment.currency) if payment and payment.refunded_minor else ""


def _reason(order: Order) -> str:
    return referral_reason(order.referral_reason) if order.referral_reason else ""
