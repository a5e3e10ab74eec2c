"""An order as its buyer keeps it: the receipt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from portal.web.text.format import When, money, when
from portal.web.text.messages import referral_reason
from portal.web.text.translate import gettext as _

if TYPE_CHECKING:
    from datetime import datetime

    from models import Order, PaymentRefund, PaymentTransaction
    from portal.web.text.order_parts import PartView


@dataclass(frozen=True, slots=True)
class RefundView:
    """A refund of an order; refused ones are not shown to the buyer."""

    amount: str
    at: When
    status: str


@dataclass(frozen=True, slots=True)
class ReceiptView:
    """An order with everything its buyer would keep; `status` is the status of its payment.

    `reason` says why nobody is credited. `is_receipt` means that the order was paid.
    """

    id: str
    reference: str
    placed: When
    paid: When | None
    status: str
    is_closed: bool
    is_receipt: bool
    can_pay: bool
    buyer: str
    parts: tuple[PartView, ...]
    total: str
    refunded: str
    left: str
    currency: str
    paid_by: str
    payment: str
    refunds: tuple[RefundView, ...]
    code: str | None
    referrer: str
    reason: str


def receipt_view(
    order: Order,
    parts: tuple[PartView, ...],
    payment: PaymentTransaction | None,
    refunds: Sequence[PaymentRefund],
    *,
    buyer: str,
    paid_by: str,
    referrer: str,
) -> ReceiptView:
    """Return an order of a buyer with its payment, if one was begun, and the payment's refunds.

    `paid_by` is the label of the way of paying in the catalogues' language.
    """
    is_closed = order.status == "cancelled"
    refunded = payment.refunded_minor if payment else 0
    status = "cancelled" if is_closed else payment.status if payment else "created"
    return ReceiptView(
        id=order.id,
        reference=order.order_reference,
        placed=when(order.created_at),
        paid=when(order.paid_at) if order.paid_at else None,
        status=status,
        is_closed=is_closed,
        is_receipt=order.paid_at is not None,
        can_pay=order.status == "created" and status != "pending",
        buyer=buyer,
        parts=parts,
        total=money(order.total_minor, order.currency),
        refunded=money(-refunded, order.currency) if refunded else "",
        left=money(order.paid_minor - refunded, order.currency),
        currency=order.currency,
        paid_by=_(paid_by) if paid_by else "",
        payment=payment.order_reference if payment and order.paid_at else "",
        refunds=tuple(_refund(row) for row in sorted(refunds, key=_refunded_at) if row.status != "refused"),
        code=order.referral_code,
        referrer=referrer,
        reason=referral_reason(order.referral_reason) if order.referral_reason else "",
    )


def _refunded_at(row: PaymentRefund) -> datetime:
    moment: datetime = row.applied_at or row.created_at
    return moment


def _refund(row: PaymentRefund) -> RefundView:
    return RefundView(money(row.amount_minor, row.currency), when(_refunded_at(row)), row.status)
