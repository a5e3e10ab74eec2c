"""Take a provider's callback: store it, apply it, then acknowledge it. See docs/rules/payments.md."""

from __future__ import annotations

from collections.abc import Mapping

from models import PaymentEvent, PaymentTransaction
from portal.chain import AnyChain
from portal.commissions import lock_open_statement
from portal.db import Actor, transaction, work_through
from portal.flows.checkout.decide_paid import LedgerContext
from portal.flows.checkout.lock_buyer import LockedCallback, lock_for_callback
from portal.flows.checkout.settle_payment import settle_locked
from portal.flows.checkout.size_reward import read_market
from portal.flows.refunds.refund_payment import apply_provider_refund
from portal.lib.errors import PortalError
from portal.orders import change_reference
from portal.payments import (
    CALLBACK_QUEUE,
    STATEMENT_PURPOSE,
    SUPERSEDED,
    UNPAID,
    Callback,
    RawCallback,
    Refusal,
    close_callback,
    close_superseded,
    decide_again,
    get_callback,
    get_provider,
    list_waiting_callbacks,
    move_payment,
    require_open,
    storable_text,
    store_callback,
)
from portal.settings import Settings

REFERENCE_MAX = 200


class CallbackRefused(PortalError):
    """The callback is neither applied nor acknowledged; `reason` is a stable code stored in the inbox."""

    code = "callback_refused"


def receive_callback(raw: RawCallback, chain: AnyChain, settings: Settings) -> Mapping[str, str | int]:
    """Store, apply and acknowledge a callback; return the provider's acknowledgement.

    Raises ProviderUnknown, or CallbackRefused for a callback that is malformed, forged, for another merchant, or of
    another amount or currency; the refusal is recorded and nothing else changes.
    """
    provider = get_provider(raw.provider, settings)
    callback = provider.read_callback(raw)
    if isinstance(callback, Refusal):
        _record_refusal(raw, callback)
        raise CallbackRefused(reason=callback.reason)
    take_callback(provider.name, callback, chain, settings)
    return provider.acknowledge(callback)


def take_callback(provider: str, callback: Callback, chain: AnyChain, settings: Settings) -> None:
    """Store an authentic callback and apply it; raise CallbackRefused if it does not fit its payment."""
    event_id = store_callback(
        provider,
        callback.payload,
        authentic=True,
        order_reference=callback.order_reference,
        fingerprint=callback.fingerprint,
    )
    outcome, reason = apply_callback(event_id, provider, callback, chain, settings)
    if outcome == "refused":
        raise CallbackRefused(reason=reason)


def settle_inbox(chain: AnyChain, settings: Settings) -> int:
    """Apply callbacks that a crash left stored but not applied; return how many were applied.

    One that cannot be applied is set aside and tried again later.
    """

    def apply(event: PaymentEvent) -> None:
        callback = get_provider(event.provider, settings).read_stored(event.payload)
        apply_callback(event.id, event.provider, callback, chain, settings)

    return work_through(CALLBACK_QUEUE, list_waiting_callbacks(), lambda event: event.id, apply)


def apply_callback(
    event_id: int, provider: str, callback: Callback, chain: AnyChain, settings: Settings
) -> tuple[str, str | None]:
    """Apply a stored callback once and record the outcome beside it, in one transaction."""
    # Price sources may be slow, so they are read before anything is locked.
    context = _context(provider, callback, chain, settings)
    with transaction():
        locked = lock_for_callback(event_id, callback.order_reference)
        if locked.event.outcome is not None:
            return locked.event.outcome, locked.event.reason
        outcome, reason = _decide(locked, callback, context)
        close_callback(event_id, outcome, reason)
    return outcome, reason


def apply_again(event_id: int, admin_id: int, chain: AnyChain, settings: Settings) -> tuple[str, str | None]:
    """Apply an unmatched callback once more, as if it had just arrived; return the outcome and its reason.

    Raises CallbackUnknown, or CallbackClosed if it was handled before; then nothing changes.
    """
    stored = get_callback(event_id)
    callback = get_provider(stored.provider, settings).read_stored(stored.payload)
    context = _context(stored.provider, callback, chain, settings)
    with transaction():
        locked = lock_for_callback(event_id, callback.order_reference)
        require_open(locked.event)
        outcome, reason = _decide(locked, callback, context)
        decide_again(locked.event, outcome, reason, Actor.user(admin_id))
    return outcome, reason


def _context(provider: str, callback: Callback, chain: AnyChain, settings: Settings) -> LedgerContext:
    market = read_market(chain, settings, callback.currency)
    return LedgerContext(settings, market, Actor.provider(provider))


def _record_refusal(raw: RawCallback, refusal: Refusal) -> None:
    reference = refusal.order_reference
    store_callback(
        raw.provider,
        storable_text(raw.body),
        authentic=refusal.is_authentic,
        order_reference=None if reference is None else reference[:REFERENCE_MAX],
        fingerprint=None,
        refusal=refusal.reason,
    )


def _decide(locked: LockedCallback, callback: Callback, context: LedgerContext) -> tuple[str, str | None]:
    event, payment = locked.event, locked.payment
    if payment is None:
        return "unmatched", "unknown_reference"
    if payment.processor != event.provider:
        return "unmatched", "paid_by_other_means"
    if callback.status == "unknown":
        return "unmatched", "unknown_status"
    if callback.currency != payment.currency:
        return "refused", "wrong_currency"
    if not _fits(callback, payment):
        return "refused", "wrong_amount"
    if locked.is_repeated:
        return "duplicate", None
    return _apply(locked, payment, callback, context)


def _fits(callback: Callback, payment: PaymentTransaction) -> bool:
    """Return whether the amount matches the payment; a refund may be partial."""
    if callback.amount_minor is None:
        return False
    if callback.status in ("refunded", "refunding"):
        return bool(0 < callback.amount_minor <= payment.amount_minor)
    return bool(callback.amount_minor == payment.amount_minor)


def _apply(
    locked: LockedCallback, payment: PaymentTransaction, callback: Callback, context: LedgerContext
) -> tuple[str, str | None]:
    if callback.status == "paid":
        if payment.status in UNPAID and (obstacle := _obstacle(locked, payment, context.actor)):
            return "unmatched", obstacle
        return ("applied" if settle_locked(payment, context) else "duplicate"), None
    if callback.status == "refunded" and callback.amount_minor is not None:
        return apply_provider_refund(payment, callback.amount_minor, locked.event, context.actor)
    if callback.status != "refunding" and payment.status in UNPAID:
        _move_unpaid(payment, callback, context.actor)
    return "applied", None


def _obstacle(locked: LockedCallback, payment: PaymentTransaction, actor: Actor) -> str | None:
    """Return why an approved payment cannot be settled: what it pays was settled before."""
    if payment.purpose == STATEMENT_PURPOSE:
        return None if lock_open_statement(int(payment.entity_id)) else "statement_not_open"
    if payment.purpose != "store_order" or locked.order_reference == payment.order_reference:
        return None
    # A declined or superseded attempt is followed by one with its own reference, and either may still be approved.
    is_unpaid = change_reference(payment.entity_id, payment.order_reference, actor)
    return None if is_unpaid else "order_paid_already"


def _move_unpaid(payment: PaymentTransaction, callback: Callback, actor: Actor) -> None:
    # A late "pending" must not overwrite a decline, or a cancellation in favour of another method.
    if callback.status == "pending" and payment.status in ("failed", "cancelled"):
        return
    if callback.status == "cancelled" and payment.failure_reason == SUPERSEDED:
        close_superseded(payment, callback.reason, actor)
        return
    move_payment(payment, callback.status, actor=actor, reason=callback.reason)
