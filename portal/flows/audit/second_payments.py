"""Money that arrived for an order that was paid already."""

from __future__ import annotations

from dataclasses import dataclass

from models import PaymentEvent, PaymentTransaction
from portal.lib.errors import PortalError
from portal.payments import PAID_TWICE, find_provider, is_paid_twice, list_payments_of_order
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


def find_second_payments(payment: PaymentTransaction, settings: Settings) -> list[SecondPayment]:
    """Return what was paid again for the order of a payment, under any of the order's references."""
    attempts = list_payments_of_order(payment.entity_id) if payment.purpose == "store_order" else [payment]
    by_reference = {attempt.order_reference: attempt for attempt in attempts}
    events = PaymentEvent.select().where(
        PaymentEvent.order_reference.in_(list(by_reference))
        & PaymentEvent.authentic
        & (PaymentEvent.outcome == "unmatched")
        & PaymentEvent.reason.in_(REASONS)
        & PaymentEvent.closed_at.is_null()
    )
    # A provider may send the same approval several times: one payment is listed once.
    first: dict[str, SecondPayment] = {}
    for event in events.order_by(PaymentEvent.id):
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
