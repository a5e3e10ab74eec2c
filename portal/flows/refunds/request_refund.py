"""A refund an admin starts: durable first, then asked of the provider, settled by whatever is certain (SPEC section 5).

An answer that does not come, or cannot be believed, decides nothing: the refund stays requested until a callback or
CHECK_STATUS tells.
"""

from __future__ import annotations

from models import PaymentRefund, PaymentTransaction
from portal.db import Actor, transaction
from portal.flows.checkout.lock_buyer import lock_buyer
from portal.flows.refunds.refund_payment import refund_locked
from portal.lib.money import InvalidAmount, parse_major
from portal.payments import (
    NotRefundable,
    RefundKeyInvalid,
    RefundTooLarge,
    check_reason,
    find_refund_by_request,
    get_payment,
    left_to_refund,
    lock_payment,
    lock_refund,
    move_refund,
    record_refund,
)
from portal.payments.providers.wayforpay.api import ProviderUnclear, ask_refund
from portal.payments.providers.wayforpay.messages import Callback
from portal.payments.refunds import REQUEST_ID_MAX
from portal.settings import Settings

DONE = ("Refunded", "Voided")


def request_refund(
    order_reference: str, amount: str, reason: str, request_id: str, admin_id: int, settings: Settings
) -> PaymentRefund:
    """Refund part of a payment, or all that is left when `amount` is empty; return the refund as it stands.

    `amount` is in major units. The same `request_id` again asks for nothing more. Raises PaymentUnknown,
    NotRefundable, InvalidAmount, RefundTooLarge, ReasonMissing or RefundKeyInvalid; then nothing has changed.
    """
    told = check_reason(reason)
    if not 1 <= len(request_id) <= REQUEST_ID_MAX:
        raise RefundKeyInvalid
    actor = Actor.user(admin_id)
    refund, is_new = _start(order_reference, amount, told, request_id, actor)
    if is_new and refund.status == "requested":
        return _ask(refund, settings, actor)
    return refund


def decide_refund(refund_id: int, to_status: str, actor: Actor, reason: str | None = None) -> PaymentRefund:
    """Apply or refuse a requested refund, locks in their order; one decided meanwhile stays as it is."""
    found = PaymentRefund.get_by_id(refund_id)
    with transaction():
        payment = _lock(found.order_reference)
        refund = lock_refund(refund_id)
        if refund.status == "requested":
            if to_status == "applied":
                refund_locked(payment, refund, actor)
            else:
                move_refund(refund, to_status, actor, reason=reason)
    return PaymentRefund.get_by_id(refund_id)


def _start(
    order_reference: str, amount: str, reason: str, request_id: str, actor: Actor
) -> tuple[PaymentRefund, bool]:
    with transaction():
        payment = _lock(order_reference)
        made = find_refund_by_request(request_id)
        if made is not None:
            if made.order_reference != order_reference:
                raise RefundKeyInvalid
            return made, False
        refund = record_refund(
            payment,
            _amount_minor(payment, amount),
            "requested",
            actor,
            source="admin",
            request_id=request_id,
            reason=reason,
            requested_by=actor.user_id,
        )
        if payment.processor == "internal_credit":
            refund_locked(payment, refund, actor)
    return PaymentRefund.get_by_id(refund.id), True


def _amount_minor(payment: PaymentTransaction, amount: str) -> int:
    left = left_to_refund(payment)
    if left == 0:
        raise NotRefundable
    wanted = parse_major(amount, payment.currency) if amount.strip() else left
    if wanted <= 0:
        raise InvalidAmount(field="amount")
    if wanted > left:
        raise RefundTooLarge(field="amount", left_minor=left, currency=payment.currency)
    return wanted


def _ask(refund: PaymentRefund, settings: Settings, actor: Actor) -> PaymentRefund:
    try:
        answer = ask_refund(
            settings, refund.order_reference, refund.amount_minor, refund.currency, refund.reason or ""
        )
    except ProviderUnclear:
        return refund
    if answer.transaction_status in DONE:
        return decide_refund(refund.id, "applied", actor)
    if answer.transaction_status == "Declined":
        return decide_refund(refund.id, "refused", actor, _told(answer))
    return refund


def _told(answer: Callback) -> str:
    reason = answer.payload.get("reason")
    return f"{answer.reason_code} {reason if isinstance(reason, str) else ''}".strip()[:200]


def _lock(order_reference: str) -> PaymentTransaction:
    lock_buyer(get_payment(order_reference))
    return lock_payment(order_reference)
