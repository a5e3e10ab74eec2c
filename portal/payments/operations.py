"""Payment transactions, the inbox of provider callbacks, and failures of the ledgers behind a payment."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from peewee import fn

from models import PaymentTransaction, RailFailure
from portal.db import (
    Actor,
    Change,
    RowEvent,
    change_together,
    move_status,
    query,
    record_event,
    transaction,
)
from portal.lib.errors import PortalError
from portal.payments.provider import PaymentMethod
from portal.payments.status_rules import SUPERSEDE, TRANSITIONS, PaymentStatus

# The failure reason of an attempt the buyer left for another way of paying. Money may still arrive for it.
SUPERSEDED = "superseded"
# What is applied is stored whole, it may be read again; a refused callback is evidence, and anyone can send one.
REFUSED_PAYLOAD_LIMIT = 4_096


_OPEN = """
INSERT INTO payment_transactions (order_reference, purpose, processor, rail, entity_id, user_id, amount_minor, currency,
    detail)
SELECT order_reference, purpose, processor, rail, entity_id, user_id, amount_minor, currency, detail FROM opened_rows
ON CONFLICT DO NOTHING
RETURNING order_reference AS key, id::text AS id
"""
_OPEN_COLUMNS = """order_reference text, purpose text, processor text, rail text, entity_id text, user_id bigint,
    amount_minor bigint, currency text, detail jsonb"""
_PAY = """
UPDATE payment_transactions p SET status = r.to_status, paid_at = r.paid_at, failure_reason = NULL, updated_at = now()
FROM payment_rows r
WHERE p.id = r.id AND p.status = r.from_status
RETURNING p.order_reference AS key, p.id::text AS id
"""
_PAY_COLUMNS = "id bigint, from_status text, to_status text, paid_at timestamptz"


_CLOSE = """
UPDATE payment_events e SET outcome = d.outcome, reason = d.reason
FROM unnest(%(ids)s::bigint[], %(outcomes)s::text[], %(reasons)s::text[]) AS d (id, outcome, reason)
WHERE e.id = d.id AND e.outcome IS NULL
"""
_CLOSE_APPLIED = """
UPDATE payment_events e SET outcome = 'applied' FROM applied_callback_rows r WHERE e.id = r.id AND e.outcome IS NULL
"""


class Decided(NamedTuple):
    """The outcome of a callback in the inbox, with its reason."""

    event_id: int
    outcome: str
    reason: str | None


class PaymentUnknown(PortalError):
    code = "payment_unknown"


class AlreadyPaid(PortalError):
    code = "already_paid"


class PaymentInProgress(PortalError):
    """The provider is still checking a payment of this order."""

    code = "payment_in_progress"


def open_payment(
    order_reference: str,
    *,
    purpose: str,
    method: PaymentMethod,
    entity_id: str,
    user_id: int | None,
    amount_minor: int,
    currency: str,
    actor: Actor,
    detail: dict[str, str] | None = None,
) -> PaymentTransaction:
    """Return the one transaction of a reference, locked, creating it on first call.

    Raises AlreadyPaid, or PaymentInProgress if the reference belongs to another way of paying.
    """
    event = RowEvent(
        order_reference, "payment_opened", to_status=PaymentStatus.CREATED, order_reference=order_reference
    )
    row = {
        "order_reference": order_reference,
        "purpose": purpose,
        "processor": method.name,
        "rail": method.rail,
        "entity_id": entity_id,
        "user_id": user_id,
        "amount_minor": amount_minor,
        "currency": currency,
        "detail": detail or {},
    }
    opening = Change("opened", _OPEN, _OPEN_COLUMNS, [row], "payment", [event])
    with transaction():
        is_new = bool(change_together([opening], actor))
        payment = lock_payment(order_reference)
        if is_new:
            return payment
        if payment.status in ("paid", "refunded"):
            raise AlreadyPaid
        if payment.processor != method.name:
            raise PaymentInProgress
        record_event(
            actor,
            "payment",
            payment.id,
            "payment_opened",
            to_status=payment.status,
            order_reference=order_reference,
        )
    return payment


def lock_payment(order_reference: str) -> PaymentTransaction:
    """Return a reference's transaction, locked until the transaction ends; raise PaymentUnknown."""
    payment = find_and_lock_payment(order_reference)
    if payment is None:
        raise PaymentUnknown
    return payment


def find_and_lock_payment(order_reference: str) -> PaymentTransaction | None:
    """Return a reference's transaction, locked until the transaction ends, or None."""
    rows = PaymentTransaction.select().where(PaymentTransaction.order_reference == order_reference)
    payment: PaymentTransaction | None = rows.for_update().first()
    return payment


def move_payment(
    payment: PaymentTransaction,
    to_status: str,
    *,
    actor: Actor,
    reason: str | None = None,
    paid_at: datetime | None = None,
) -> bool:
    """Move a payment from any unpaid status to another; a paid or refunded one never moves here."""
    if payment.status == to_status:
        return False
    values: dict[str, Any] = {"paid_at": paid_at} if paid_at else {}
    return move_status(
        PaymentTransaction,
        payment.id,
        TRANSITIONS[to_status],
        entity="payment",
        actor=actor,
        reason=reason,
        failure_reason=reason if to_status in ("failed", "cancelled") else None,
        **values,
    )


def is_payable(payment: PaymentTransaction) -> bool:
    """Return whether a payment can still become paid."""
    return payment.status in TRANSITIONS[PaymentStatus.PAID].from_statuses


def pay_payment(payment: PaymentTransaction, paid_at: datetime) -> Change:
    """Return the change by which a locked payment becomes paid; its key is the reference."""
    transition = TRANSITIONS[PaymentStatus.PAID]
    event = RowEvent(
        payment.order_reference,
        transition.event,
        from_status=payment.status,
        to_status=transition.to_status,
        order_reference=payment.order_reference,
    )
    row = {
        "id": payment.id,
        "from_status": payment.status,
        "to_status": transition.to_status,
        "paid_at": paid_at,
    }
    return Change("payment", _PAY, _PAY_COLUMNS, [row], "payment", [event])


def supersede_payment(payment: PaymentTransaction, actor: Actor) -> None:
    """Close an attempt the buyer left for another way of paying; raise PaymentInProgress if it is past that."""
    has_moved = move_status(
        PaymentTransaction,
        payment.id,
        SUPERSEDE,
        entity="payment",
        actor=actor,
        reason=SUPERSEDED,
        failure_reason=SUPERSEDED,
    )
    if not has_moved:
        raise PaymentInProgress


def close_superseded(payment: PaymentTransaction, reason: str | None, actor: Actor) -> None:
    """Record that a superseded attempt has expired at its provider, which need not be checked again."""
    with transaction():
        closed = (
            PaymentTransaction.update(failure_reason=reason, updated_at=fn.now())
            .where(
                (PaymentTransaction.id == payment.id)
                & (PaymentTransaction.status == PaymentStatus.CANCELLED)
                & (PaymentTransaction.failure_reason == SUPERSEDED)
            )
            .execute()
        )
        if closed:
            record_event(
                actor,
                "payment",
                payment.id,
                "payment_expired",
                to_status="cancelled",
                reason=reason,
                order_reference=payment.order_reference,
            )


def store_callback(
    provider: str,
    payload: str,
    *,
    authentic: bool,
    order_reference: str | None,
    fingerprint: str | None,
    refusal: str | None = None,
) -> int:
    """Write a callback into the inbox and return its id; with `refusal` it is closed as refused.

    The caller commits before anything is applied or answered. See docs/rules/payments.md.
    """
    rows = query(
        """INSERT INTO payment_events (provider, order_reference, authentic, outcome, reason, fingerprint, payload)
           VALUES (%s, %s, %s, %s, %s, %s, %s) RETURNING id""",
        [
            provider,
            order_reference,
            authentic,
            "refused" if refusal else None,
            refusal,
            fingerprint,
            payload[:REFUSED_PAYLOAD_LIMIT] if refusal else payload,
        ],
    )
    return int(rows[0][0])


def close_applied(event_id: int) -> Change:
    """Return the change by which a locked callback becomes applied, together with what it changes."""
    return Change("applied_callback", _CLOSE_APPLIED, "id bigint", [{"id": event_id}])


def close_callbacks(decided: Sequence[Decided]) -> None:
    """Record the outcomes of callbacks; a closed one keeps its first outcome."""
    if decided:
        query(
            _CLOSE,
            {
                "ids": [e.event_id for e in decided],
                "outcomes": [e.outcome for e in decided],
                "reasons": [e.reason for e in decided],
            },
        )


def record_rail_failure(order_reference: str, rail: str, reason: str) -> None:
    """Record that one ledger of a paid reference could not be written; repeated failures count attempts."""
    RailFailure.insert(order_reference=order_reference, rail=rail, reason=reason).on_conflict(
        conflict_target=[RailFailure.order_reference, RailFailure.rail],
        update={
            RailFailure.reason: reason,
            RailFailure.attempts: RailFailure.attempts + 1,
            RailFailure.last_tried_at: fn.now(),
            RailFailure.resolved_at: None,
        },
    ).execute()


def resolve_rail_failure(order_reference: str, rail: str) -> None:
    """Close a ledger's failure once the ledger is written."""
    RailFailure.update(resolved_at=fn.now()).where(
        (RailFailure.order_reference == order_reference)
        & (RailFailure.rail == rail)
        & RailFailure.resolved_at.is_null()
    ).execute()
