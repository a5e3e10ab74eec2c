"""Ask the provider about what stayed unclear: payments whose callback is overdue, refunds it has not confirmed."""

from __future__ import annotations

from datetime import timedelta

from models import PaymentRefund, PaymentTransaction
from portal.chain import AnyChain
from portal.db import Actor
from portal.flows.checkout.receive_callback import CallbackRefused, receive_callback
from portal.flows.refunds.request_refund import DONE, decide_refund
from portal.lib.clock import utc_now
from portal.lib.money import InvalidAmount
from portal.logs import get_logger
from portal.payments import (
    get_payment,
    list_refunds,
    list_requested_refunds,
    list_unsettled_payments,
    mark_checked,
)
from portal.payments.providers.wayforpay.api import ORDER_NOT_FOUND, ProviderUnclear, ask_status
from portal.payments.providers.wayforpay.messages import PAYMENT_STATUSES, Callback, amount_minor
from portal.settings import Settings

log = get_logger(__name__)

ACTOR = Actor.job("reconcile")
# The first minutes belong to the callback; a refund the provider has not made by then was never begun.
REFUND_QUIET = timedelta(minutes=2)
REFUND_GIVEN_UP = timedelta(hours=1)


def reconcile(chain: AnyChain, settings: Settings) -> int:
    """Settle overdue payments and requested refunds by CHECK_STATUS; return how many were asked about.

    A provider that cannot be reached leaves everything as it is.
    """
    payments, refunds = list_unsettled_payments(), _requested()
    for payment in payments:
        mark_checked(payment)
        _settle_payment(payment, chain, settings)
    for refund in refunds:
        _settle_refund(refund, settings)
    return len(payments) + len(refunds)


def _requested() -> list[PaymentRefund]:
    return [row for row in list_requested_refunds() if row.created_at < utc_now() - REFUND_QUIET]


def _settle_payment(payment: PaymentTransaction, chain: AnyChain, settings: Settings) -> None:
    """Take a final answer for what it is: a signed callback that goes through the inbox like any other."""
    try:
        answer, raw = ask_status(settings, payment.order_reference)
    except ProviderUnclear:
        return
    status = PAYMENT_STATUSES.get(answer.transaction_status)
    if status in (None, "pending") or answer.reason_code == ORDER_NOT_FOUND:
        return
    try:
        receive_callback(raw, chain, settings)
    except CallbackRefused as error:
        log.warning(
            "provider status refused", order_reference=payment.order_reference, reason=error.params["reason"]
        )


def _settle_refund(refund: PaymentRefund, settings: Settings) -> None:
    try:
        answer, _ = ask_status(settings, refund.order_reference)
    except ProviderUnclear:
        return
    payment = get_payment(refund.order_reference)
    decided = judge_refund(refund, payment, answer)
    if decided == "applied":
        decide_refund(refund.id, "applied", ACTOR)
    elif decided == "refused" and refund.created_at < utc_now() - REFUND_GIVEN_UP:
        decide_refund(refund.id, "refused", ACTOR, "not_refunded_by_provider")


def judge_refund(refund: PaymentRefund, payment: PaymentTransaction, answer: Callback) -> str | None:
    """Tell what CHECK_STATUS proves of a requested refund: applied, refused, or None while it proves nothing.

    The answer's signed amount is the order's, so a partial refund is proven by the provider's own sum where it
    tells one (`refundAmount`): exactly what is refunded here already plus this refund, or plus all requested ones.
    """
    known = payment.refunded_minor
    if answer.transaction_status == "Approved":
        return "refused" if known == 0 else None
    if answer.transaction_status not in DONE:
        return None
    told = _refunded_sum(answer, payment.currency)
    if told is None:
        return "applied" if known + refund.amount_minor == payment.amount_minor else None
    requested = sum(
        row.amount_minor for row in list_refunds(payment.order_reference) if row.status == "requested"
    )
    if told in (known + refund.amount_minor, known + requested):
        return "applied"
    return "refused" if told <= known else None


def _refunded_sum(answer: Callback, currency: str) -> int | None:
    text = answer.payload.get("refundAmount")
    try:
        return amount_minor(text, currency) if isinstance(text, str) else None
    except InvalidAmount:
        return None
