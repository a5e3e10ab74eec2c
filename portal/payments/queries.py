"""Read payments, the inbox and what needs an admin's eye."""

from __future__ import annotations

from datetime import datetime

from models import CreditEntry, PaymentEvent, PaymentRefund, PaymentTransaction, RailFailure
from portal.db import Keyset, within
from portal.payments.operations import PaymentUnknown

ATTENTION_PAGE = 100


def find_payment(order_reference: str) -> PaymentTransaction | None:
    """Return a reference's transaction or None."""
    return PaymentTransaction.get_or_none(PaymentTransaction.order_reference == order_reference)


def get_payment(order_reference: str) -> PaymentTransaction:
    """Return a reference's transaction; raise PaymentUnknown."""
    payment = find_payment(order_reference)
    if payment is None:
        raise PaymentUnknown
    return payment


def payments_by_reference(order_references: list[str]) -> dict[str, PaymentTransaction]:
    """Return the transactions of several references."""
    rows = PaymentTransaction.select().where(PaymentTransaction.order_reference.in_(order_references))
    return {row.order_reference: row for row in rows}


def was_applied(fingerprint: str, before_id: int) -> bool:
    """Tell whether a callback with the same signed fields was acted on before."""
    rows = PaymentEvent.select().where(
        (PaymentEvent.fingerprint == fingerprint)
        & (PaymentEvent.id < before_id)
        & (PaymentEvent.outcome == "applied")
    )
    return rows.exists()


def list_waiting_callbacks(limit: int = 100) -> list[PaymentEvent]:
    """Return authentic callbacks that are durable but not acted on, oldest first."""
    return list(
        PaymentEvent.select().where(PaymentEvent.outcome.is_null()).order_by(PaymentEvent.id).limit(limit)
    )


def list_callbacks_needing_attention() -> list[PaymentEvent]:
    """Return the newest unmatched and refused callbacks."""
    rows = PaymentEvent.select().where(PaymentEvent.outcome.in_(("unmatched", "refused")))
    return list(rows.order_by(PaymentEvent.id.desc()).limit(ATTENTION_PAGE))


def list_payment_ledger(
    since: datetime | None, until: datetime | None, user_id: int | None = None
) -> Keyset[PaymentTransaction]:
    """Return every payment begun in a period, newest first, of one person where given."""
    rows = PaymentTransaction.select()
    if user_id is not None:
        rows = rows.where(PaymentTransaction.user_id == user_id)
    return Keyset(within(rows, PaymentTransaction.created_at, since, until), PaymentTransaction.id)


def list_refund_ledger(since: datetime | None, until: datetime | None) -> Keyset[PaymentRefund]:
    """Return every refund of a period, newest first."""
    return Keyset(within(PaymentRefund.select(), PaymentRefund.created_at, since, until), PaymentRefund.id)


def list_callback_ledger(since: datetime | None, until: datetime | None) -> Keyset[PaymentEvent]:
    """Return every callback received in a period, newest first."""
    return Keyset(within(PaymentEvent.select(), PaymentEvent.received_at, since, until), PaymentEvent.id)


def list_credit_ledger(
    since: datetime | None, until: datetime | None, user_id: int | None = None
) -> Keyset[CreditEntry]:
    """Return every credit entry of a period, newest first, of one person where given."""
    rows = CreditEntry.select()
    if user_id is not None:
        rows = rows.where(CreditEntry.user_id == user_id)
    return Keyset(within(rows, CreditEntry.created_at, since, until), CreditEntry.id)


def list_open_rail_failures(limit: int = 100) -> list[RailFailure]:
    """Return rails still to be written, the longest untried first."""
    rows = RailFailure.select().where(RailFailure.resolved_at.is_null())
    return list(rows.order_by(RailFailure.last_tried_at).limit(limit))
