"""Payment transactions, the inbox of provider callbacks, and failures of the ledgers behind a payment."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from peewee import fn
from psycopg2.extras import Json

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
VALUES (%(reference)s, %(purpose)s, %(processor)s, %(rail)s, %(entity)s, %(user)s, %(amount)s, %(currency)s, %(detail)s)
ON CONFLICT DO NOTHING
RETURNING order_reference AS key, id::text AS id
"""
_PAY = """
UPDATE payment_transactions SET status = %(payment_to)s, paid_at = %(payment_paid_at)s, failure_reason = NULL,
    updated_at = now()
WHERE id = %(payment_id)s AND status = %(payment_from)s
RETURNING order_reference AS key, id::text AS id
"""


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
    values = {
        "reference": order_reference,
        "purpose": purpose,
        "processor": method.name,
        "rail": method.rail,
        "entity": entity_id,
        "user": user_id,
        "amount": amount_minor,
        "currency": currency,
        "detail": Json(detail or {}),
    }
    with transaction():
        is_new = bool(change_together([Change("opened", _OPEN, values, "payment", [event])], actor))
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
    values = {
        "payment_id": payment.id,
        "payment_from": payment.status,
        "payment_to": transition.to_status,
        "payment_paid_at": paid_at,
    }
    return Change("payment", _PAY, values, "payment", [event])


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


def close_callback(event_id: int, outcome: str, reason: str | None = None) -> None:
    """Record the outcome of a callback; a closed one keeps its first outcome."""
    query(
        "UPDATE payment_events SET outcome = %s, reason = %s WHERE id = %s AND outcome IS NULL",
        [outcome, reason, event_id],
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
