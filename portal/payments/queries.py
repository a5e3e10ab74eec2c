"""Read payments, the inbox and what needs an admin's attention."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from models import CreditEntry, PaymentEvent, PaymentRefund, PaymentTransaction, RailFailure
from portal.db import Keyset, Page, query, within
from portal.lib.errors import PortalError
from portal.payments.operations import PaymentUnknown
from portal.payments.references import Purpose

RETRY_AT_MOST = timedelta(hours=6)
FAILURES_PAGE = 25


class RailFailureUnknown(PortalError):
    code = "rail_failure_unknown"


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


def list_payments_of_order(order_id: str) -> list[PaymentTransaction]:
    """Return the payments of a store order, oldest first; each attempt has its own reference."""
    rows = PaymentTransaction.select().where(
        (PaymentTransaction.purpose == "store_order") & (PaymentTransaction.entity_id == order_id)
    )
    return list(rows.order_by(PaymentTransaction.id))


def find_last_payment(purpose: Purpose, entity_id: str) -> PaymentTransaction | None:
    """Return the newest payment for a purpose and what it pays, or None."""
    rows = PaymentTransaction.select().where(
        (PaymentTransaction.purpose == purpose) & (PaymentTransaction.entity_id == entity_id)
    )
    payment: PaymentTransaction | None = rows.order_by(PaymentTransaction.id.desc()).first()
    return payment


def get_rail_failure(failure_id: int) -> RailFailure:
    """Return a failure of a ledger, resolved or not; raise RailFailureUnknown."""
    failure = RailFailure.get_or_none(RailFailure.id == failure_id)
    if failure is None:
        raise RailFailureUnknown
    return failure


def list_payment_ledger(
    since: datetime | None, until: datetime | None, user_id: int | None = None
) -> Keyset[PaymentTransaction]:
    """Return every payment begun in a period, newest first, optionally of one user."""
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
    """Return every credit entry of a period, newest first, optionally of one user."""
    rows = CreditEntry.select()
    if user_id is not None:
        rows = rows.where(CreditEntry.user_id == user_id)
    return Keyset(within(rows, CreditEntry.created_at, since, until), CreditEntry.id)


def list_open_rail_failures(cursor: str | None = None) -> Page[RailFailure]:
    """Return a page of failures of ledgers still to be written, oldest first; raise CursorInvalid."""
    oldest_first: Keyset[RailFailure] = Keyset(_open_rail_failures(), RailFailure.id, ascending=True)
    return oldest_first.page(cursor, FAILURES_PAGE)


def count_open_rail_failures() -> int:
    """Count the failures of ledgers still to be written."""
    return int(_open_rail_failures().count())


def _open_rail_failures() -> Any:
    return RailFailure.select().where(RailFailure.resolved_at.is_null())


def list_due_rail_failures(limit: int = 100) -> list[RailFailure]:
    """Return failures whose next try is due, the longest untried first."""
    ids = query(
        """SELECT id FROM rail_failures WHERE resolved_at IS NULL
             AND last_tried_at + CASE attempts WHEN 1 THEN interval '0'
                 ELSE least(interval '1 minute' * 2 ^ least(attempts - 1, 20), %s) END <= now()
           ORDER BY last_tried_at, id LIMIT %s""",
        [RETRY_AT_MOST, limit],
    )
    rows = RailFailure.select().where(RailFailure.id.in_([row[0] for row in ids]))
    return list(rows.order_by(RailFailure.last_tried_at, RailFailure.id))


def next_try_at(failure: RailFailure) -> datetime:
    """Return when the job tries a ledger again: at once after one failure, then with growing waits up to six hours."""
    minutes = 0 if failure.attempts == 1 else 2 ** min(failure.attempts - 1, 20)
    tried: datetime = failure.last_tried_at
    return tried + min(timedelta(minutes=minutes), RETRY_AT_MOST)
