"""Apply stored callbacks of providers: lock, decide, settle what was paid and record the outcomes, in one transaction.

One callback is a list of one. See docs/rules/payments.md.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from models import PaymentTransaction
from portal.chain import AnyChain
from portal.chain.sending.failpoints import failpoint
from portal.commissions import lock_open_statement
from portal.db import Actor, transaction
from portal.flows.checkout.decide_paid import LedgerContext
from portal.flows.checkout.lock_buyer import LockedCallback, lock_for_callbacks
from portal.flows.checkout.settle_payment import settle_locked, settle_orders
from portal.flows.checkout.size_reward import read_market
from portal.flows.refunds.refund_payment import apply_provider_refund
from portal.orders import change_reference
from portal.payments import (
    STATEMENT_PURPOSE,
    SUPERSEDED,
    UNPAID,
    Callback,
    Decided,
    close_callbacks,
    close_superseded,
    decide_again,
    get_callback,
    get_provider,
    is_payable,
    move_payment,
    require_open,
)
from portal.settings import Settings


class Decision(NamedTuple):
    """The outcome of a callback, and why it is not applied."""

    outcome: str
    reason: str | None = None


# A payment is to be settled, which is done with the others of its group.
PAY = Decision("applied")
UNKNOWN = Decision("unmatched", "unknown_reference")


@dataclass(frozen=True)
class StoredCallback:
    """A callback in the inbox, as its provider reads it."""

    event_id: int
    provider: str
    callback: Callback


def apply_callbacks(stored: Sequence[StoredCallback], chain: AnyChain, settings: Settings) -> list[Decision]:
    """Apply stored callbacks once and record their outcomes, in one transaction.

    They are of one provider and of different buyers. If one cannot be applied, that is raised, and nothing
    has changed.
    """
    ordered = sorted(stored, key=lambda each: each.event_id)
    # Price sources may be slow, so they are read before anything is locked.
    contexts = {
        currency: _context(ordered[0].provider, currency, chain, settings)
        for currency in {each.callback.currency for each in ordered}
    }
    with transaction():
        locked = lock_for_callbacks({each.event_id: each.callback.order_reference for each in ordered})
        failpoint("callbacks_locked")
        undecided = [pair for pair in zip(locked, ordered, strict=True) if pair[0].event.outcome is None]
        decisions = _settle([(row, each.callback) for row, each in undecided], contexts)
        decided = {
            row.event.id: decision for (row, _each), decision in zip(undecided, decisions, strict=True)
        }
        # Those of orders that became paid are closed with them.
        close_callbacks(
            [
                Decided(row.event.id, *decision)
                for (row, _each), decision in zip(undecided, decisions, strict=True)
                if not _pays_order(row, decision)
            ]
        )
        failpoint("callbacks_written")
    failpoint("callbacks_committed")
    # Another process may have applied some meanwhile.
    known = {row.event.id: Decision(str(row.event.outcome), row.event.reason) for row in locked}
    return [(known | decided)[each.event_id] for each in stored]


def apply_again(event_id: int, admin_id: int, chain: AnyChain, settings: Settings) -> Decision:
    """Apply an unmatched callback once more, as if it had just arrived; return the outcome and its reason.

    Raises CallbackUnknown, or CallbackClosed if it was handled before; then nothing changes.
    """
    stored = get_callback(event_id)
    callback = get_provider(stored.provider, settings).read_stored(stored.payload)
    contexts = {callback.currency: _context(stored.provider, callback.currency, chain, settings)}
    with transaction():
        (locked,) = lock_for_callbacks({event_id: callback.order_reference})
        require_open(locked.event)
        (decision,) = _settle([(locked, callback)], contexts)
        decide_again(locked.event, decision.outcome, decision.reason, Actor.user(admin_id))
    return decision


def _context(provider: str, currency: str, chain: AnyChain, settings: Settings) -> LedgerContext:
    return LedgerContext(settings, read_market(chain, settings, currency), Actor.provider(provider))


def _settle(
    locked: Sequence[tuple[LockedCallback, Callback]], contexts: Mapping[str, LedgerContext]
) -> list[Decision]:
    """Decide about locked callbacks and settle what they pay, orders together; return the decisions."""
    decisions = [_decide(row, callback, contexts[callback.currency]) for row, callback in locked]
    pairs = zip(locked, decisions, strict=True)
    paid = [(row, row.payment) for (row, _callback), decision in pairs if decision is PAY and row.payment]
    orders = {row.event.id: payment for row, payment in paid if _pays_order(row, PAY)}
    if orders:
        payments = list(orders.values())
        settle_orders(
            payments, [contexts[payment.currency] for payment in payments], callback_ids=list(orders)
        )
    for row, payment in paid:
        if not _pays_order(row, PAY):
            settle_locked(payment, contexts[payment.currency])
    return decisions


def _pays_order(locked: LockedCallback, decision: Decision) -> bool:
    return decision is PAY and locked.payment is not None and locked.payment.purpose == "store_order"


def _decide(locked: LockedCallback, callback: Callback, context: LedgerContext) -> Decision:
    payment = locked.payment
    misfit = find_misfit(payment, locked.event.provider, callback)
    if misfit is not None or payment is None:
        return misfit or UNKNOWN
    if locked.is_repeated:
        return Decision("duplicate")
    return _apply(locked, payment, callback, context)


def find_misfit(payment: PaymentTransaction | None, provider: str, callback: Callback) -> Decision | None:
    """Return the decision about a callback that does not fit the payment of its reference, None if it fits."""
    if payment is None:
        return UNKNOWN
    if payment.processor != provider:
        return Decision("unmatched", "paid_by_other_means")
    if callback.status == "unknown":
        return Decision("unmatched", "unknown_status")
    if callback.currency != payment.currency:
        return Decision("refused", "wrong_currency")
    if not _fits(callback, payment):
        return Decision("refused", "wrong_amount")
    return None


def _fits(callback: Callback, payment: PaymentTransaction) -> bool:
    """Return whether the amount matches the payment; a refund may be partial."""
    if callback.amount_minor is None:
        return False
    if callback.status in ("refunded", "refunding"):
        return bool(0 < callback.amount_minor <= payment.amount_minor)
    return bool(callback.amount_minor == payment.amount_minor)


def _apply(
    locked: LockedCallback, payment: PaymentTransaction, callback: Callback, context: LedgerContext
) -> Decision:
    if callback.status == "paid":
        if payment.status in UNPAID and (obstacle := _obstacle(locked, payment, context.actor)):
            return Decision("unmatched", obstacle)
        return PAY if is_payable(payment) else Decision("duplicate")
    if callback.status == "refunded" and callback.amount_minor is not None:
        return Decision(*apply_provider_refund(payment, callback.amount_minor, locked.event, context.actor))
    if callback.status != "refunding" and payment.status in UNPAID:
        _move_unpaid(payment, callback, context.actor)
    return Decision("applied")


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
