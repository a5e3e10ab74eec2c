"""A buyer's orders and payments as pages show them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from portal.web.text.format import When, money, when
from portal.web.text.messages import referral_reason
from portal.web.text.order_parts import LINES_IN_LIST
from portal.web.text.pictures import PictureView, picture_view

if TYPE_CHECKING:
    from models import Order, OrderItem, PaymentTransaction, ProductPicture

# A payment in one of these states may still change.
WAITING = ("redirected", "pending")


@dataclass(frozen=True, slots=True)
class OrderItemView:
    """A line of an order."""

    name: str
    quantity: int
    picture: PictureView | None = None


@dataclass(frozen=True, slots=True)
class OrderView:
    """An order of a buyer; `status` is the status of its payment, `reason` says why nobody is credited."""

    id: str
    reference: str
    placed: When
    status: str
    is_closed: bool
    total: str
    refunded: str
    items: tuple[OrderItemView, ...]
    more_lines: int
    referral_code: str | None
    reason: str
    can_pay: bool


@dataclass(frozen=True, slots=True)
class PaymentView:
    """A payment of an order or a membership; `is_closed` means that the unpaid order was cancelled or expired."""

    reference: str
    status: str
    amount: str
    refunded: str
    is_order: bool
    is_waiting: bool
    is_closed: bool
    referral_code: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class UnpaidView:
    """An order that waits for its payment."""

    id: str
    reference: str
    placed: When
    total: str


def order_view(
    order: Order,
    items: Sequence[OrderItem],
    payment: PaymentTransaction | None,
    pictures: Mapping[int, ProductPicture],
) -> OrderView:
    """Return an order with its lines, their pictures by product, and its payment, if one was begun."""
    is_payable = payment is None or payment.status != "pending"
    return OrderView(
        id=order.id,
        reference=order.order_reference,
        placed=when(order.created_at),
        status=_order_status(order, payment),
        is_closed=order.status == "cancelled",
        total=money(order.total_minor, order.currency),
        refunded=_refunded(payment),
        items=tuple(_item(item, pictures) for item in items[:LINES_IN_LIST]),
        more_lines=max(len(items) - LINES_IN_LIST, 0),
        referral_code=order.referral_code,
        reason=_list_reason(order),
        can_pay=order.status == "created" and is_payable,
    )


def _item(item: OrderItem, pictures: Mapping[int, ProductPicture]) -> OrderItemView:
    picture = pictures.get(item.product_id) if item.product_id else None
    return OrderItemView(item.name, item.quantity, picture_view(picture))


def payment_view(payment: PaymentTransaction | None, order: Order | None) -> PaymentView:
    """Return a payment with the order it pays, None for a membership; or an order whose payment has not begun."""
    reference, amount_minor, currency = _facts(payment, order)
    is_closed = order is not None and order.status == "cancelled"
    is_unpaid = payment is None or payment.paid_at is None
    status = payment.status if payment else "created"
    return PaymentView(
        reference=reference,
        status=status,
        amount=money(amount_minor, currency),
        refunded=_refunded(payment),
        is_order=order is not None,
        is_waiting=status in WAITING,
        is_closed=is_closed and is_unpaid,
        referral_code=order.referral_code if order else None,
        reason=_reason(order) if order else "",
    )


def _order_status(order: Order, payment: PaymentTransaction | None) -> str:
    if order.status == "cancelled":
        return "cancelled"
    return payment.status if payment else "created"


def _facts(payment: PaymentTransaction | None, order: Order | None) -> tuple[str, int, str]:
    """Return the reference, the amount in minor units and the currency."""
    if payment is not None:
        return payment.order_reference, payment.amount_minor, payment.currency
    assert order is not None
    return order.order_reference, order.total_minor, order.currency


def unpaid_view(order: Order) -> UnpaidView:
    """Return an order that waits for its payment."""
    return UnpaidView(
        order.id, order.order_reference, when(order.created_at), money(order.total_minor, order.currency)
    )


def _refunded(payment: PaymentTransaction | None) -> str:
    return money(payment.refunded_minor, payment.currency) if payment and payment.refunded_minor else ""


def _reason(order: Order) -> str:
    """Return why no referrer is credited for an order, "" if one is."""
    return referral_reason(order.referral_reason) if order.referral_reason else ""


def _list_reason(order: Order) -> str:
    """Return the reason for a list, where most orders have no link and need not say so."""
    return "" if order.referral_reason == "no_code" else _reason(order)
