"""A refund an admin starts: store it, request it from the provider, settle it when the response is certain.

Of an order that a store was paid for it is a correction: the store reported too much, no money moves, and it is
complete at once.

No answer, or one that cannot be verified, decides nothing: the refund stays requested until a callback or the
provider's status settles it. From a limit on, a second admin has to confirm the refund first.
See docs/rules/refunds.md and docs/rules/second_admin.md.
"""

from __future__ import annotations

from fractions import Fraction

from models import PaymentRefund, PaymentTransaction
from portal.db import Actor, transaction
from portal.flows.approvals.propose_change import propose_change
from portal.flows.approvals.second_admin import Rates, judge, read_rates
from portal.flows.checkout.lock_buyer import lock_buyer
from portal.flows.refunds.refund_payment import refund_locked
from portal.lib.errors import PortalError
from portal.lib.money import InvalidAmount, parse_amount, round_half_up
from portal.orders import get_order
from portal.payments import (
    CONFIRMED,
    EXTERNAL,
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
from portal.proposals import REFUND, Draft, find_proposal_by_request
from portal.settings import Settings


class NotReported(PortalError):
    """No connected store reported this payment, so there is no report to correct."""

    code = "not_reported"


def request_refund(
    order_reference: str, amount: str, reason: str, request_id: str, admin_id: int, settings: Settings
) -> PaymentRefund | None:
    """Refund part of a payment, or all that is left when `amount` is empty; return the refund as it stands.

    `amount` is in major units. Returns None where the refund waits for a second admin. The same `request_id` again
    requests nothing more. Raises PaymentUnknown, NotRefundable, InvalidAmount, RefundTooLarge, ReasonMissing or
    RefundKeyInvalid; then nothing has changed.
    """
    comment = check_reason(reason)
    if not 1 <= len(request_id) <= REQUEST_ID_MAX or request_id.startswith(CONFIRMED):
        raise RefundKeyInvalid
    rates = read_rates(settings)
    with transaction():
        payment = _lock(order_reference)
        existing = find_refund_by_request(request_id)
        if existing is not None:
            if existing.order_reference != order_reference:
                raise RefundKeyInvalid
            return existing
        if find_proposal_by_request(request_id) is not None:
            return None
        minor = _amount_minor(payment, amount)
        draft = _draft(payment, minor, comment, request_id, settings, rates)
        if draft is not None:
            propose_change(draft, admin_id)
            return None
        refund = start_refund(payment, minor, comment, request_id, Actor.user(admin_id))
    return send_refund(refund, settings, Actor.user(admin_id))


def correct_report(
    order_reference: str, amount: str, reason: str, request_id: str, actor: Actor
) -> PaymentRefund:
    """Take an amount off what a store reported as paid, without a second admin; the same `request_id` counts once.

    Raises PaymentUnknown, NotReported, NotRefundable, InvalidAmount, RefundTooLarge or ReasonMissing.
    """
    comment = check_reason(reason)
    with transaction():
        payment = _lock(order_reference)
        if payment.processor != EXTERNAL.name:
            raise NotReported
        existing = find_refund_by_request(request_id)
        if existing is not None:
            return existing
        return start_refund(payment, _amount_minor(payment, amount), comment, request_id, actor)


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


def start_refund(
    payment: PaymentTransaction,
    amount_minor: int,
    reason: str,
    request_id: str,
    actor: Actor,
    *,
    requested_by: int | None = None,
) -> PaymentRefund:
    """Store a refund of a payment that is locked; one by internal credit is complete at once.

    Raises NotRefundable or RefundTooLarge.
    """
    _check_left(payment, amount_minor)
    is_correction = payment.processor == EXTERNAL.name
    refund = record_refund(
        payment,
        amount_minor,
        "requested",
        actor,
        source="admin",
        request_id=request_id,
        reason=reason,
        requested_by=requested_by or actor.user_id,
        goods_minor=_share_of_goods(payment, amount_minor) if is_correction else None,
    )
    if is_correction or find_synchronous(payment.processor):
        refund_locked(payment, refund, actor)
    return PaymentRefund.get_by_id(refund.id)


def send_refund(refund: PaymentRefund, settings: Settings, actor: Actor) -> PaymentRefund:
    """Request a stored refund from its provider, and settle it by a clear answer; call it outside transactions."""
    return _send(refund, settings, actor) if refund.status == "requested" else refund


def _draft(
    payment: PaymentTransaction,
    amount_minor: int,
    reason: str,
    request_id: str,
    settings: Settings,
    rates: Rates,
) -> Draft | None:
    """Return what a second admin has to confirm, None if one admin is enough.

    What the payment has refunded before counts too, so that no series of small refunds passes below the limit.
    """
    in_all = payment.amount_minor - left_to_refund(payment) + amount_minor
    verdict = judge({payment.currency: in_all}, settings.refund_limit_usd, rates)
    if not verdict.needs_second:
        return None
    currency, reference = payment.currency, payment.order_reference
    return Draft(REFUND, reference, reason, request_id, verdict.usd_value, amount_minor, currency)


def _amount_minor(payment: PaymentTransaction, amount: str) -> int:
    left = left_to_refund(payment)
    if left == 0:
        raise NotRefundable
    amount_minor = parse_amount(amount, payment.currency) if amount.strip() else left
    if amount_minor <= 0:
        raise InvalidAmount(field="amount")
    _check_left(payment, amount_minor)
    return amount_minor


def _share_of_goods(payment: PaymentTransaction, amount_minor: int) -> int:
    """Return how much of the commissionable total a correction takes back; the last part closes to the unit."""
    total_minor = get_order(payment.entity_id).total_minor
    return round_half_up(Fraction(total_minor * amount_minor, payment.amount_minor))


def _check_left(payment: PaymentTransaction, amount_minor: int) -> None:
    left = left_to_refund(payment)
    if left == 0:
        raise NotRefundable
    if amount_minor > left:
        raise RefundTooLarge(field="amount", left_minor=left, currency=payment.currency)


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
