"""Query providers about payments whose callback is overdue and refunds that are not confirmed.

See docs/rules/payments.md and docs/rules/refunds.md.
"""

from __future__ import annotations

from datetime import timedelta

from models import PaymentRefund, PaymentTransaction
from portal.chain import AnyChain
from portal.db import Actor, database_now, work_through
from portal.flows.checkout.receive_callback import CallbackRefused, take_callback
from portal.flows.refunds.request_refund import decide_refund
from portal.logs import get_logger
from portal.payments import (
    PAYMENT_QUEUE,
    REFUND_QUEUE,
    Payment,
    StatusReport,
    Unclear,
    find_provider,
    get_payment,
    list_refunds,
    list_requested_refunds,
    list_unsettled_payments,
    mark_checked,
    mark_refund_checked,
)
from portal.settings import Settings

log = get_logger(__name__)

ACTOR = Actor.job("reconcile_payments")
# Callbacks normally arrive within the first limit; a refund that the provider does not know after the second
# was never executed.
REFUND_CHECK_AFTER = timedelta(minutes=2)
REFUND_REFUSE_AFTER = timedelta(hours=1)
_FINAL = ("paid", "failed", "cancelled", "refunded")


def reconcile(chain: AnyChain, settings: Settings) -> int:
    """Settle overdue payments and requested refunds by their provider's status; return how many were checked.

    What cannot be settled is set aside. A provider that cannot be reached leaves everything as it is, and is not
    tried again in this run: each further payment would wait for its time-out.
    """
    away: set[str] = set()

    def settle_payment(payment: PaymentTransaction) -> None:
        mark_checked(payment)
        try:
            _settle_payment(payment, chain, settings)
        except _ProviderAway as error:
            away.add(error.provider)

    def settle_refund(refund: PaymentRefund) -> None:
        mark_refund_checked(refund)
        try:
            _settle_refund(refund, settings)
        except _ProviderAway as error:
            away.add(error.provider)

    payments = (each for each in list_unsettled_payments() if each.processor not in away)
    requested = list_requested_refunds(database_now() - REFUND_CHECK_AFTER)
    refunds = (each for each in requested if _processor(each) not in away)
    return work_through(PAYMENT_QUEUE, payments, lambda payment: payment.id, settle_payment) + work_through(
        REFUND_QUEUE, refunds, lambda refund: refund.id, settle_refund
    )


class _ProviderAway(Exception):
    """A provider gave no answer in time."""

    def __init__(self, provider: str) -> None:
        super().__init__(provider)
        self.provider = provider


def _processor(refund: PaymentRefund) -> str:
    return str(get_payment(refund.order_reference).processor)


def _settle_payment(payment: PaymentTransaction, chain: AnyChain, settings: Settings) -> None:
    """Apply a final status through the inbox, like a signed callback."""
    report = _check(payment, settings)
    if report is None or report.callback.status not in _FINAL:
        return
    try:
        take_callback(payment.processor, report.callback, chain, settings)
    except CallbackRefused as error:
        log.warning(
            "provider status refused", order_reference=payment.order_reference, reason=error.params["reason"]
        )


def _settle_refund(refund: PaymentRefund, settings: Settings) -> None:
    payment = get_payment(refund.order_reference)
    report = _check(payment, settings)
    if report is None:
        return
    verdict = judge_refund(refund, payment, report)
    if verdict == "applied":
        decide_refund(refund.id, "applied", ACTOR)
    elif verdict == "refused" and refund.created_at < database_now() - REFUND_REFUSE_AFTER:
        decide_refund(refund.id, "refused", ACTOR, "not_refunded_by_provider")


def _check(payment: PaymentTransaction, settings: Settings) -> StatusReport | None:
    provider = find_provider(payment.processor, settings)
    if provider is None:
        log.warning("%s was paid through %s, which is gone", payment.order_reference, payment.processor)
        return None
    report = provider.check_status(Payment.of(payment))
    if isinstance(report, Unclear):
        log.info("the status of %s is unclear: %s", payment.order_reference, report.reason)
        if report.reason == "unreachable":
            raise _ProviderAway(payment.processor)
        return None
    return report


def judge_refund(refund: PaymentRefund, payment: PaymentTransaction, report: StatusReport) -> str | None:
    """Return what a status proves about a requested refund: applied, refused, or None if nothing.

    A status contains the amount of the order, so only the provider's own sum of refunds, if reported, proves a
    partial refund: the sum applied here plus this refund, or plus all requested ones.
    """
    known = payment.refunded_minor
    if report.callback.status == "paid":
        return "refused" if known == 0 else None
    if report.callback.status != "refunded":
        return None
    if report.refunded_minor is None:
        return "applied" if known + refund.amount_minor == payment.amount_minor else None
    requested = sum(
        row.amount_minor for row in list_refunds(payment.order_reference) if row.status == "requested"
    )
    if report.refunded_minor in (known + refund.amount_minor, known + requested):
        return "applied"
    return "refused" if report.refunded_minor <= known else None
