"""A provider's callback: durable first, acted on second, accepted last (SPEC section 6, WAYFORPAY: callbacks)."""

from __future__ import annotations

from typing import NoReturn

from models import PaymentEvent, PaymentTransaction
from portal.chain import AnyChain
from portal.db import Actor, transaction
from portal.flows.checkout.lock_buyer import lock_buyer
from portal.flows.checkout.settle_payment import settle_locked
from portal.flows.checkout.size_reward import read_market
from portal.flows.checkout.write_ledgers import RailContext
from portal.flows.refunds.refund_payment import refund_told
from portal.lib.clock import utc_now
from portal.lib.errors import PortalError
from portal.logs import get_logger
from portal.orders import change_reference, get_order
from portal.payments import (
    UNPAID,
    close_callback,
    decide_again,
    find_and_lock_payment,
    find_payment,
    get_callback,
    list_waiting_callbacks,
    lock_callback,
    move_payment,
    require_open,
    store_callback,
    was_applied,
)
from portal.payments.providers.wayforpay.messages import (
    PAYMENT_STATUSES,
    Callback,
    CallbackMalformed,
    amount_minor,
    callback_fingerprint,
    is_authentic,
    is_same_amount,
    parse_callback,
    signed_accept,
)
from portal.settings import Settings

log = get_logger(__name__)

PROVIDER = "wayforpay"
ACTOR = Actor.provider(PROVIDER)


class CallbackRefused(PortalError):
    """The callback is not acted on and not accepted; `reason` is stable and stored in the inbox."""

    code = "callback_refused"


def receive_callback(raw: bytes, chain: AnyChain, settings: Settings) -> dict[str, str | int]:
    """Store, apply and accept a callback; return the signed answer.

    Raises CallbackRefused for what is malformed, forged, for another merchant, or of another amount or
    currency; that is recorded and changes nothing else.
    """
    callback = _authentic(raw, settings)
    event_id = _store(raw, callback)
    outcome, reason = apply_callback(event_id, callback, chain, settings)
    if outcome == "refused":
        raise CallbackRefused(reason=reason)
    secret = settings.wayforpay_secret_key.get_secret_value()
    return signed_accept(secret, callback.order_reference, int(utc_now().timestamp()))


def settle_inbox(chain: AnyChain, settings: Settings) -> int:
    """Apply callbacks that are durable but were not acted on, a crash in between; return how many."""
    waiting = list_waiting_callbacks()
    for event in waiting:
        try:
            apply_callback(event.id, parse_callback(event.payload.encode()), chain, settings)
        except Exception:  # one bad event must not keep the others waiting
            log.exception("callback not applied", payment_event_id=event.id)
    return len(waiting)


def apply_callback(
    event_id: int, callback: Callback, chain: AnyChain, settings: Settings
) -> tuple[str, str | None]:
    """Act on a stored callback once and record the outcome beside it, in one transaction."""
    # A price source may be slow: it is asked before anything is locked.
    context = RailContext(settings, read_market(chain, settings, callback.currency), ACTOR)
    with transaction():
        payment = _lock(callback.order_reference)
        # Held by the payment's lock: a twin that arrives now waits, then sees this outcome.
        event = lock_callback(event_id)
        if event.outcome is not None:
            return event.outcome, event.reason
        outcome, reason = _decide(event, payment, callback, context)
        close_callback(event_id, outcome, reason)
    return outcome, reason


def apply_again(event_id: int, admin_id: int, chain: AnyChain, settings: Settings) -> tuple[str, str | None]:
    """Act on an unmatched callback once more, as if it came now; return what became of it.

    Raises CallbackUnknown, or CallbackClosed when it was dealt with already; then nothing has changed.
    """
    callback = parse_callback(get_callback(event_id).payload.encode())
    context = RailContext(settings, read_market(chain, settings, callback.currency), ACTOR)
    with transaction():
        payment = _lock(callback.order_reference)
        event = lock_callback(event_id)
        require_open(event)
        outcome, reason = _decide(event, payment, callback, context)
        decide_again(event, outcome, reason, Actor.user(admin_id))
    return outcome, reason


def _lock(order_reference: str) -> PaymentTransaction | None:
    known = find_payment(order_reference)
    if known is not None:
        lock_buyer(known)
    return find_and_lock_payment(order_reference)


def _authentic(raw: bytes, settings: Settings) -> Callback:
    try:
        callback = parse_callback(raw)
    except CallbackMalformed:
        _refuse(raw, None, "malformed")
    if not is_authentic(callback, settings.wayforpay_secret_key.get_secret_value()):
        _refuse(raw, callback, "bad_signature")
    if callback.merchant_account != settings.wayforpay_merchant_account:
        _refuse(raw, callback, "wrong_merchant")
    return callback


def _refuse(raw: bytes, callback: Callback | None, reason: str) -> NoReturn:
    store_callback(
        PROVIDER,
        _readable(raw),
        authentic=reason == "wrong_merchant",
        order_reference=callback.order_reference[:200] if callback else None,
        fingerprint=None,
        refusal=reason,
    )
    raise CallbackRefused(reason=reason)


def _store(raw: bytes, callback: Callback) -> int:
    return store_callback(
        PROVIDER,
        _readable(raw),
        authentic=True,
        order_reference=callback.order_reference,
        fingerprint=callback_fingerprint(callback),
    )


def _readable(raw: bytes) -> str:
    # PostgreSQL text cannot hold NUL; whatever is not UTF-8 stays visible as an escape.
    return raw.decode("utf-8", "backslashreplace").replace("\x00", "\\x00")


def _decide(
    event: PaymentEvent, payment: PaymentTransaction | None, callback: Callback, context: RailContext
) -> tuple[str, str | None]:
    if payment is None:
        return "unmatched", "unknown_reference"
    if payment.processor != PROVIDER:
        return "unmatched", "paid_by_other_means"
    if callback.transaction_status not in PAYMENT_STATUSES:
        return "unmatched", "unknown_status"
    status = PAYMENT_STATUSES[callback.transaction_status]
    if callback.currency != payment.currency:
        return "refused", "wrong_currency"
    if not _fits(callback, payment, status):
        return "refused", "wrong_amount"
    if event.fingerprint and was_applied(event.fingerprint, event.id):
        return "duplicate", None
    return _apply(event, payment, status, callback, context)


def _fits(callback: Callback, payment: PaymentTransaction, status: str | None) -> bool:
    """Tell whether the amount is the payment's; a refund may be of any part of it."""
    if status == "refunded" or callback.transaction_status == "RefundInProcessing":
        try:
            return 0 < amount_minor(callback.amount, payment.currency) <= payment.amount_minor
        except PortalError:
            return False
    return is_same_amount(callback.amount, payment.amount_minor, payment.currency)


def _apply(
    event: PaymentEvent,
    payment: PaymentTransaction,
    status: str | None,
    callback: Callback,
    context: RailContext,
) -> tuple[str, str | None]:
    if status == "paid":
        if payment.status in UNPAID and not _take_order(payment):
            return "unmatched", "order_paid_already"
        return ("applied" if settle_locked(payment, context) else "duplicate"), None
    if status == "refunded":
        return refund_told(payment, amount_minor(callback.amount, payment.currency), event, ACTOR)
    if status is not None and payment.status in UNPAID:
        _move_unpaid(payment, status, callback)
    return "applied", None


def _take_order(payment: PaymentTransaction) -> bool:
    """Let an order carry the reference that pays it; False when another attempt has paid it already.

    A declined attempt is followed by one with a reference of its own, and either may be approved in the end.
    """
    if payment.purpose != "store_order":
        return True
    order = get_order(payment.entity_id)
    return order.order_reference == payment.order_reference or change_reference(
        order.id, payment.order_reference, ACTOR
    )


def _move_unpaid(payment: PaymentTransaction, status: str, callback: Callback) -> None:
    # A late "still checking" must not hide that the provider has already said no.
    if status == "pending" and payment.status in ("failed", "cancelled"):
        return
    move_payment(payment, status, actor=ACTOR, reason=_told_reason(callback))


def _told_reason(callback: Callback) -> str | None:
    reason = callback.payload.get("reason")
    text = f"{callback.reason_code} {reason if isinstance(reason, str) else ''}".strip()
    return text[:200] or None
