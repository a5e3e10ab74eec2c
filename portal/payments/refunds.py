"""Refunds of payments: one row each, counted once, never more than was paid. See docs/rules/refunds.md."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from peewee import SQL, fn

from models import PaymentEvent, PaymentRefund, PaymentTransaction
from portal.db import Actor, move_status, not_set_aside, query, record_event, transaction
from portal.lib.errors import PortalError
from portal.payments.operations import SUPERSEDED
from portal.payments.provider import MERCHANT_REDIRECT
from portal.payments.status_rules import REFUND_TRANSITIONS, TRANSITIONS, UNPAID

# Why an approved payment settles nothing: what it pays was settled before.
PAID_TWICE = ("order_paid_already", "statement_not_open")
REQUEST_ID_MAX = 64
PAYMENT_QUEUE, REFUND_QUEUE = "payments", "refunds"
_PAYMENT_NOT_SET_ASIDE = not_set_aside(PAYMENT_QUEUE, "payment_transactions.id")
_NOT_SET_ASIDE = not_set_aside(REFUND_QUEUE, "t1.id")


class RefundTooLarge(PortalError):
    """The amount is more than is left to refund; params left_minor and currency."""

    code = "refund_too_large"


class NotRefundable(PortalError):
    """The payment is not paid, or all of it went back already."""

    code = "not_refundable"


class RefundKeyInvalid(PortalError):
    """The form's key is missing, or was used for another refund."""

    code = "refund_key_invalid"


def record_refund(
    payment: PaymentTransaction, amount_minor: int, status: str, actor: Actor, **values: Any
) -> PaymentRefund:
    """Write a refund of a locked payment; `values` are further columns of the row."""
    with transaction():
        refund_id: int = PaymentRefund.insert(
            order_reference=payment.order_reference,
            amount_minor=amount_minor,
            currency=payment.currency,
            status=status,
            applied_at=fn.now() if status == "applied" else None,
            **values,
        ).execute()
        record_event(
            actor,
            "refund",
            refund_id,
            "refund_recorded",
            to_status=status,
            reason=values.get("reason"),
            order_reference=payment.order_reference,
            data={"amountMinor": str(amount_minor), "currency": payment.currency},
        )
    return lock_refund(refund_id)


def lock_refund(refund_id: int) -> PaymentRefund:
    """Return a refund, locked until the transaction ends."""
    return PaymentRefund.select().where(PaymentRefund.id == refund_id).for_update().get()


def move_refund(refund: PaymentRefund, to_status: str, actor: Actor, *, reason: str | None = None) -> bool:
    """Apply or refuse a refund that is not applied yet; return whether this call did it."""
    values: dict[str, Any] = {"applied_at": fn.now()} if to_status == "applied" else {}
    return move_status(
        PaymentRefund,
        refund.id,
        REFUND_TRANSITIONS[to_status],
        entity="refund",
        actor=actor,
        reason=reason,
        refusal=reason if to_status == "refused" else None,
        **values,
    )


def link_callback(refund: PaymentRefund, fingerprint: str | None, event_id: int) -> None:
    """Record which callback reported a refund, so that the same one again is a duplicate."""
    PaymentRefund.update(fingerprint=fingerprint, payment_event_id=event_id).where(
        (PaymentRefund.id == refund.id) & PaymentRefund.fingerprint.is_null()
    ).execute()


def count_refund(payment: PaymentTransaction, amount_minor: int, actor: Actor) -> bool:
    """Add a refund to a payment's total, guarded by what was paid; the last part makes it `refunded`.

    Return False, with nothing changed, when more would go back than was paid.
    """
    with transaction():
        rows = query(
            """UPDATE payment_transactions SET refunded_minor = refunded_minor + %s, updated_at = now()
               WHERE id = %s AND status = ANY(%s) AND refunded_minor + %s <= amount_minor
               RETURNING refunded_minor = amount_minor""",
            [amount_minor, payment.id, list(TRANSITIONS["refunded"].from_statuses), amount_minor],
        )
        if not rows:
            return False
        if rows[0][0]:
            _close(payment, actor)
        else:
            record_event(
                actor,
                "payment",
                payment.id,
                "payment_partly_refunded",
                order_reference=payment.order_reference,
                data={"amountMinor": str(amount_minor), "currency": payment.currency},
            )
    return True


def _close(payment: PaymentTransaction, actor: Actor) -> None:
    move_status(
        PaymentTransaction,
        payment.id,
        TRANSITIONS["refunded"],
        entity="payment",
        actor=actor,
    )


def find_refund_by_request(request_id: str) -> PaymentRefund | None:
    """Return the refund a form has started, or None."""
    return PaymentRefund.get_or_none(PaymentRefund.request_id == request_id)


def find_refund_by_fingerprint(fingerprint: str | None) -> PaymentRefund | None:
    """Return the refund that a callback with these signed fields reported, or None."""
    if fingerprint is None:
        return None
    return PaymentRefund.get_or_none(PaymentRefund.fingerprint == fingerprint)


def find_admin_refund(order_reference: str, amount_minor: int) -> PaymentRefund | None:
    """Return the admin's refund of this amount that no callback has reported yet, open ones first."""
    rows = PaymentRefund.select().where(
        (PaymentRefund.order_reference == order_reference)
        & (PaymentRefund.amount_minor == amount_minor)
        & (PaymentRefund.source == "admin")
        & PaymentRefund.fingerprint.is_null()
    )
    order = {"requested": 0, "applied": 1, "refused": 2}
    return min(rows, key=lambda row: (order.get(row.status, 3), row.id), default=None)


def list_refunds(order_reference: str) -> list[PaymentRefund]:
    """Return the refunds of a reference, oldest first."""
    rows = PaymentRefund.select().where(PaymentRefund.order_reference == order_reference)
    return list(rows.order_by(PaymentRefund.id))


def list_waiting_refunds(order_reference: str) -> list[PaymentRefund]:
    """Return the refunds that were reported before their payment, oldest first."""
    return [row for row in list_refunds(order_reference) if row.status == "waiting"]


def list_requested_refunds(requested_before: datetime, limit: int = 20) -> list[PaymentRefund]:
    """Return the refunds the provider has not decided, those not checked for longest first."""
    rows = PaymentRefund.select().where(
        (PaymentRefund.status == "requested") & (PaymentRefund.created_at < requested_before),
        SQL(_NOT_SET_ASIDE),
    )
    checked = fn.COALESCE(PaymentRefund.checked_at, PaymentRefund.created_at)
    return list(rows.order_by(checked, PaymentRefund.id).limit(limit))


def mark_refund_checked(refund: PaymentRefund) -> None:
    """Record that a refund was checked with its provider now."""
    PaymentRefund.update(checked_at=fn.now()).where(PaymentRefund.id == refund.id).execute()


def last_refund_id(order_reference: str) -> int | None:
    """Return the newest refund that counts for a reference, or None."""
    rows = PaymentRefund.select(fn.max(PaymentRefund.id)).where(
        (PaymentRefund.order_reference == order_reference) & (PaymentRefund.status == "applied")
    )
    refund_id: int | None = rows.scalar()
    return refund_id


def is_paid_twice(payment: PaymentTransaction) -> bool:
    """Return whether a payment was approved although the order or statement was settled already.

    Its callback is unmatched and still open, and the payment itself stays unpaid. See docs/rules/refunds.md.
    """
    rows = PaymentEvent.select().where(
        (PaymentEvent.order_reference == payment.order_reference)
        & (PaymentEvent.outcome == "unmatched")
        & PaymentEvent.reason.in_(PAID_TWICE)
        & PaymentEvent.authentic
        & PaymentEvent.closed_at.is_null()
    )
    return payment.status in UNPAID and rows.exists()


def left_to_refund(payment: PaymentTransaction, refunds: Sequence[PaymentRefund] | None = None) -> int:
    """Return what an admin may still refund in minor units: neither refunded nor requested already.

    Of what a store was paid it is what an admin may take off the report, without moving money. `refunds` are those of
    the payment, where they were read already.
    """
    if payment.status != "paid" and not is_paid_twice(payment):
        return 0
    if refunds is None:
        refunds = list_refunds(payment.order_reference)
    requested = sum(row.amount_minor for row in refunds if row.status == "requested")
    return max(0, int(payment.amount_minor - payment.refunded_minor - requested))


def list_unsettled_payments(limit: int = 20) -> list[PaymentTransaction]:
    """Return payments at a provider whose callback is overdue, those not checked for longest first.

    A payment is checked less and less often as it ages, and not at all after five days. A superseded attempt is
    checked as well: its callback may be lost too.
    """
    ids = query(
        f"""SELECT id FROM payment_transactions
           WHERE rail = %s AND (status IN ('redirected', 'pending') OR failure_reason = %s)
             AND created_at > now() - interval '5 days' AND {_PAYMENT_NOT_SET_ASIDE}
             AND coalesce(checked_at, created_at) < now() - greatest(interval '5 minutes', (now() - created_at) / 10)
           ORDER BY coalesce(checked_at, created_at), id LIMIT %s""",  # noqa: S608 - a constant
        [MERCHANT_REDIRECT, SUPERSEDED, limit],
    )
    rows = PaymentTransaction.select().where(PaymentTransaction.id.in_([row[0] for row in ids]))
    return list(rows.order_by(PaymentTransaction.id))


def mark_checked(payment: PaymentTransaction) -> None:
    """Record that a payment was checked with its provider now."""
    PaymentTransaction.update(checked_at=fn.now()).where(PaymentTransaction.id == payment.id).execute()
