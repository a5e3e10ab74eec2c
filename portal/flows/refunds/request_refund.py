"""A refund an admin starts: store it, request it from the provider, settle it by an answer that is certain.

No answer, or one that cannot be verified, decides nothing: the refund stays requested until a callback or the
provider's status settles it. See docs/rules/refunds.md.
"""

from __future__ import annotations

from models import PaymentRefund, PaymentTransaction
from portal.db import Actor, transaction
from portal.flows.checkout.lock_buyer import lock_buyer
from portal.flows.refunds.refund_payment import refund_locked
from portal.lib.money import InvalidAmount, parse_major
from portal.payments import (
    NotRefundable,
    Payment,
    RefundKeyInvalid,
    RefundTooLarge,
    Unclear,
    check_reason,
    find_provider,
    find_refund_by_request,
    find_synchronous,
    get_payment,
    left_to_refund,
    lock_payment,
    lock_refund,
    move_refund,
    record_refund,
)
from portal.payments.refunds import REQUEST_ID_MAX
from portal.settings import Settings


def request_refund(
    order_reference: str, amount: str, reason: str, request_id: str, admin_id: int, settings: Settings
) -> PaymentRefund:
    """Refund part of a payment, or all that is left when `amount` is empty; return the refund as it stands.

    `amount` is in major units. The same `request_id` again requests nothing more. Raises PaymentUnknown,
    NotRefundable, InvalidAmount, RefundTooLarge, ReasonMissing or RefundKeyInvalid; then nothing has changed.
    """
    comment = check_reason(reason)
    if not 1 <= len(request_id) <= REQUEST_ID_MAX:
        raise RefundKeyInvalid
    actor = Actor.user(admin_id)
    refund, is_new = _start(order_reference, amount, comment, request_id, actor)
    if is_new and refund.status == "requested":
        return _send(refund, settings, actor)
    return refund


def decide_refund(refund_id: int, to_status: str, actor: Actor, reason: str | None = None) -> PaymentRefund:
    """Apply or refuse a requested refund, taking locks in their order; one decided meanwhile stays as it is."""
    order_reference = PaymentRefund.get_by_id(refund_id).order_reference
    with transaction():
        payment = _lock(order_reference)
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
        existing = find_refund_by_request(request_id)
        if existing is not None:
            if existing.order_reference != order_reference:
                raise RefundKeyInvalid
            return existing, False
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
        if find_synchronous(payment.processor):
            refund_locked(payment, refund, actor)
    return PaymentRefund.get_by_id(refund.id), True


def _amount_minor(payment: PaymentTransaction, amount: str) -> int:
    left = left_to_refund(payment)
    if left == 0:
        raise NotRefundable
    amount_minor = parse_major(amount, payment.currency) if amount.strip() else left
    if amount_minor <= 0:
        raise InvalidAmount(field="amount")
    if amount_minor > left:
        raise RefundTooLarge(field="amount", left_minor=left, currency=payment.currency)
    return amount_minor


def _send(refund: PaymentRefund, settings: Settings, actor: Actor) -> PaymentRefund:
    payment = get_payment(refund.order_reference)
    provider = find_provider(payment.processor, settings)
    if provider is None:
        return refund
    answer = provider.refund(Payment.of(payment), refund.amount_minor, refund.reason or "")
    if isinstance(answer, Unclear) or answer.status == "pending":
        return refund
    if answer.status == "refunded":
        return decide_refund(refund.id, "applied", actor)
    return decide_refund(refund.id, "refused", actor, answer.reason)


def _lock(order_reference: str) -> PaymentTransaction:
    lock_buyer(get_payment(order_reference))
    return lock_payment(order_reference)
