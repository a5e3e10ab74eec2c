"""Payments that a connected store took with its own provider and reports. See docs/rules/stores.md."""

from __future__ import annotations

from datetime import datetime

from portal.db import Change, RowEvent
from portal.lib.marks import N_
from portal.payments.provider import MERCHANT_REDIRECT
from portal.payments.status_rules import TRANSITIONS, PaymentStatus

_REPORT = """
INSERT INTO payment_transactions (order_reference, purpose, processor, rail, entity_id, amount_minor, currency, status,
    paid_at)
SELECT order_reference, 'store_order', processor, rail, entity_id, amount_minor, currency, status, paid_at
FROM reported_payment_rows
ON CONFLICT DO NOTHING
RETURNING order_reference AS key, id::text AS id
"""
_REPORT_COLUMNS = """order_reference text, processor text, rail text, entity_id text, amount_minor bigint,
    currency text, status text, paid_at timestamptz"""


class ExternalPayment:
    """A payment in the store: the portal neither takes nor returns the money."""

    name = "external"
    rail = MERCHANT_REDIRECT
    label = N_("Paid in the store")


def report_payment(
    order_reference: str, order_id: str, amount_minor: int, currency: str, paid_at: datetime
) -> Change:
    """Return the change that writes a payment that a store reports with a new order; its key is the reference."""
    paid = TRANSITIONS[PaymentStatus.PAID]
    created = PaymentStatus.CREATED
    events = [
        RowEvent(order_reference, "payment_opened", to_status=created, order_reference=order_reference),
        RowEvent(order_reference, paid.event, created, paid.to_status, order_reference=order_reference),
    ]
    row = {
        "order_reference": order_reference,
        "processor": ExternalPayment.name,
        "rail": ExternalPayment.rail,
        "entity_id": order_id,
        "amount_minor": amount_minor,
        "currency": currency,
        "status": paid.to_status,
        "paid_at": paid_at,
    }
    return Change("reported_payment", _REPORT, _REPORT_COLUMNS, [row], "payment", events)
