"""Payment transactions and the inbox of provider callbacks."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from peewee import fn

from models import PaymentEvent, PaymentTransaction, RailFailure
from portal.db import Actor, move_status, record_event, transaction
from portal.lib.errors import PortalError
from portal.payments.status_rules import TRANSITIONS

# What is acted on is kept whole, it may be read again; what is refused is evidence, and anybody can send it.
REFUSED_PAYLOAD_LIMIT = 4_096


class PaymentUnknown(PortalError):
    code = "payment_unknown"


class AlreadyPaid(PortalError):
    code = "already_paid"


class PaymentInProgress(PortalError):
    """Another way of paying this reference has been started and may still succeed."""

    code = "payment_in_progress"


def open_payment(
    order_reference: str,
    *,
    purpose: str,
    processor: str,
    entity_id: str,
    user_id: int,
    amount_minor: int,
    currency: str,
    actor: Actor,
    detail: dict[str, str] | None = None,
) -> PaymentTransaction:
    """Return the reference's one transaction, locked, creating it on first call.

    Raises AlreadyPaid, or PaymentInProgress when another processor may still take the money.
    """
    rail = "internal_credit" if processor == "internal_credit" else "merchant_redirect"
    with transaction():
        PaymentTransaction.insert(
            order_reference=order_reference,
            purpose=purpose,
            processor=processor,
            rail=rail,
            entity_id=entity_id,
            user_id=user_id,
            amount_minor=amount_minor,
            currency=currency,
            detail=detail or {},
        ).on_conflict_ignore().execute()
        payment = lock_payment(order_reference)
        if payment.status in ("paid", "refunded"):
            raise AlreadyPaid
        if payment.processor != processor:
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
    """Return a reference's transaction held until the transaction ends; raise PaymentUnknown."""
    payment = find_and_lock_payment(order_reference)
    if payment is None:
        raise PaymentUnknown
    return payment


def find_and_lock_payment(order_reference: str) -> PaymentTransaction | None:
    """Return a reference's transaction held until the transaction ends, or None."""
    rows = PaymentTransaction.select().where(PaymentTransaction.order_reference == order_reference)
    found: PaymentTransaction | None = rows.for_update().first()
    return found


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

    The caller commits before anything is acted on or answered (SPEC section 6).
    """
    event_id: int = PaymentEvent.insert(
        provider=provider,
        order_reference=order_reference,
        authentic=authentic,
        outcome="refused" if refusal else None,
        reason=refusal,
        fingerprint=fingerprint,
        payload=payload[:REFUSED_PAYLOAD_LIMIT] if refusal else payload,
    ).execute()
    return event_id


def close_callback(event_id: int, outcome: str, reason: str | None = None) -> None:
    """Record what became of a callback; a closed one keeps its first outcome."""
    PaymentEvent.update(outcome=outcome, reason=reason).where(
        (PaymentEvent.id == event_id) & PaymentEvent.outcome.is_null()
    ).execute()


def record_rail_failure(order_reference: str, rail: str, reason: str) -> None:
    """Remember that one rail of a paid reference could not be written; repeated failures count attempts."""
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
    """Close a rail's failure once the rail is written."""
    RailFailure.update(resolved_at=fn.now()).where(
        (RailFailure.order_reference == order_reference)
        & (RailFailure.rail == rail)
        & RailFailure.resolved_at.is_null()
    ).execute()
