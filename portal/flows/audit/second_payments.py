"""Money that arrived for an order that was paid already."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from models import PaymentEvent, PaymentTransaction
from portal.db import any_of
from portal.lib.errors import PortalError
from portal.payments import PAID_TWICE, find_provider, is_paid_twice
from portal.settings import Settings

REASONS = (*PAID_TWICE, "paid_by_other_means")


@dataclass(frozen=True, slots=True)
class SecondPayment:
    """An approved payment that no order took.

    `amount_minor` is in minor units of `currency`. `is_refundable` is whether the portal can request the refund; where
    not, it is made on the provider's own pages.
    """

    order_reference: str
    callback_id: int
    amount_minor: int
    currency: str
    is_refundable: bool


def attempts_of(order_reference: str) -> Any:
    """Return the selection of the payments for the same order as a reference, which is a payment itself."""
    payments = PaymentTransaction
    of_order = payments.alias("of_order")
    own = payments.order_reference == order_reference
    same = of_order.select(of_order.id).join(
        payments, on=(payments.entity_id == of_order.entity_id) & (payments.purpose == of_order.purpose)
    )
    ids = payments.select(payments.id).where(own) | same.where(own & (payments.purpose == "store_order"))
    return payments.select().where(payments.id == any_of(ids)).order_by(payments.id)


def unmatched_of(order_reference: str) -> Any:
    """Return the selection of the open callbacks that report a second payment of the order of a reference."""
    references = attempts_of(order_reference).select(PaymentTransaction.order_reference)
    rows = PaymentEvent.select().where(
        (PaymentEvent.order_reference == any_of(references))
        & PaymentEvent.authentic
        & (PaymentEvent.outcome == "unmatched")
        & PaymentEvent.reason.in_(REASONS)
        & PaymentEvent.closed_at.is_null()
    )
    return rows.order_by(PaymentEvent.id)


def find_second_payments(
    attempts: Sequence[PaymentTransaction], callbacks: Sequence[PaymentEvent], settings: Settings
) -> list[SecondPayment]:
    """Return what was paid again for an order, under any of its references: from its payments and open callbacks."""
    by_reference = {attempt.order_reference: attempt for attempt in attempts}
    # A provider may send the same approval several times: one payment is listed once.
    first: dict[str, SecondPayment] = {}
    for event in callbacks:
        attempt = by_reference[str(event.order_reference)]
        is_listed = attempt.order_reference in first or attempt.status == "refunded"
        if not is_listed and _is_approved(event, settings):
            first[attempt.order_reference] = _second_payment(attempt, event)
    return list(first.values())


def _second_payment(attempt: PaymentTransaction, event: PaymentEvent) -> SecondPayment:
    return SecondPayment(
        attempt.order_reference, event.id, attempt.amount_minor, attempt.currency, is_paid_twice(attempt)
    )


def _is_approved(event: PaymentEvent, settings: Settings) -> bool:
    provider = find_provider(event.provider, settings)
    if provider is None:
        return False
    try:
        return provider.read_stored(event.payload).status == "paid"
    except PortalError:
        return False
