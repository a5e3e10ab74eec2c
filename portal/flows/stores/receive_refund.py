"""Receive one refund of an order by its own id; it is booked as part of the order's snapshot.

See docs/rules/stores.md.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from models import Store, StoreOrder
from portal.db import Actor, record_event, transaction
from portal.flows.checkout.size_reward import NO_MARKET
from portal.flows.stores.apply_snapshot import apply_known_order
from portal.flows.stores.arrived import Arrived, Outcome
from portal.flows.stores.attribute import known_buyer
from portal.flows.stores.book_refunds import require_known_lines
from portal.flows.stores.order_answer import read_answer
from portal.flows.stores.receive_snapshot import Applied, Describe, Undo, refusal
from portal.lib.errors import PortalError
from portal.lib.money import InvalidAmount, major_text, parse_exact, parse_major
from portal.orders import OrderUnknown, find_store_order, get_order, lock_store_order
from portal.payments import find_payment
from portal.settings import Settings
from portal.stores import (
    KnownSnapshot,
    ensure_customers,
    price_snapshot,
    record_store_event,
    stored_snapshot,
)
from portal.stores.snapshots import SnapshotRefund

REFUND_KIND = "api.refund"
BOOKED, UNCHANGED, HELD = "booked", "unchanged", "held"
_OUTCOMES = {BOOKED: "updated", UNCHANGED: "unchanged", HELD: "held"}


class RefundChanged(PortalError):
    """The store reported this refund before with another amount; params `amount` and `currency` of then."""

    code = "refund_changed"


def receive_refund(
    store: Store,
    external_id: str,
    refund: SnapshotRefund,
    *,
    settings: Settings,
    live: bool = True,
    body_sha256: str | None = None,
    describe: Describe | None = None,
) -> Applied:
    """Book one refund of an order and return what became of it: booked, unchanged or held.

    The same id again changes nothing. One above what was paid is held for an admin, and one of an unpaid order until
    it is paid. A test is rolled back. Raises OrderUnknown, RefundChanged, InvalidAmount or RefundLineUnknown.
    """
    event: dict[str, Any] = {"live": live, "external_id": external_id, "body_sha256": body_sha256}
    booked: Applied | None = None
    try:
        with transaction():
            booked = _booked(store, external_id, refund, settings, event, describe)
            if not live:
                raise Undo
    except Undo:
        assert booked is not None
        event_id = record_store_event(
            store.id, REFUND_KIND, outcome="test", explanation={"wouldBe": booked.result}, **event
        )
        return replace(booked, result="test", event_id=event_id)
    except PortalError as error:
        record_store_event(store.id, REFUND_KIND, outcome="refused", explanation=refusal(error), **event)
        raise
    return booked


def _booked(
    store: Store,
    external_id: str,
    refund: SnapshotRefund,
    settings: Settings,
    event: dict[str, Any],
    describe: Describe | None,
) -> Applied:
    outcome = _book(store, external_id, refund, settings)
    event_id = record_store_event(
        store.id,
        REFUND_KIND,
        outcome=_OUTCOMES[outcome.result],
        order_reference=outcome.order_reference,
        explanation={"refundId": refund.id, "notes": outcome.notes},
        **event,
    )
    answer = describe(read_answer(outcome.order_id)) if describe else None
    return Applied(outcome.result, event_id, outcome.order_id, outcome.order_reference, outcome.notes, answer)


def _book(store: Store, external_id: str, refund: SnapshotRefund, settings: Settings) -> Outcome:
    stored = _lock(store, external_id)
    known, order = stored_snapshot(stored.snapshot), get_order(stored.order_id)
    amount = parse_exact(refund.amount, order.currency)
    if amount <= 0:
        raise InvalidAmount(field="amount", is_sent=True)
    for index, line in enumerate(refund.lines):
        parse_exact(line.amount, order.currency, f"lines[{index}].amount")
    if (earlier := next((each for each in known.snapshot.refunds if each.id == refund.id), None)) is not None:
        before = parse_major(earlier.amount, order.currency)
        if before != amount:
            raise RefundChanged(
                field="amount", amount=major_text(before, order.currency), currency=order.currency
            )
        return Outcome(UNCHANGED, order.id, order.order_reference)
    refunds = (*known.snapshot.refunds, refund)
    snapshot = known.snapshot.model_copy(update={"refunds": refunds})
    changed = KnownSnapshot(snapshot, known.customer_keys, (*known.alone, refund.id))
    if order.paid_at is not None:
        priced = price_snapshot(changed.snapshot, store.commission_base)
        require_known_lines(order, priced)
        if priced.refunded_minor > order.paid_minor:
            return _hold(store, order.id, order.order_reference, refund)
    booked_before = _booked_minor(order.order_reference)
    outcome = apply_known_order(Arrived(store, changed, known_buyer(changed), settings, NO_MARKET))
    if order.paid_at is None:
        outcome.result = HELD
    elif _booked_minor(order.order_reference) == booked_before:
        # More was booked earlier than the store states now: a later report took those refunds back.
        outcome.result = HELD
        outcome.note("refund_below_booked", booked=major_text(booked_before, order.currency))
    else:
        outcome.result = BOOKED
    return outcome


def _booked_minor(order_reference: str) -> int:
    payment = find_payment(order_reference)
    return payment.refunded_minor if payment else 0


def _lock(store: Store, external_id: str) -> StoreOrder:
    """Return the order, locked after its customers as everywhere; raise OrderUnknown."""
    stored = find_store_order(store.id, external_id)
    if stored is None:
        raise OrderUnknown(field="externalId")
    ensure_customers(store.id, stored_snapshot(stored.snapshot).customer_keys)
    locked = lock_store_order(store.id, external_id)
    assert locked is not None
    return locked


def _hold(store: Store, order_id: str, order_reference: str, refund: SnapshotRefund) -> Outcome:
    outcome = Outcome(HELD, order_id, order_reference)
    outcome.note("refund_exceeds", refunded=refund.amount)
    record_event(
        Actor(f"store:{store.id}"),
        "order",
        order_id,
        "refund_held",
        order_reference=order_reference,
        data={"refundId": refund.id, "amount": refund.amount},
    )
    return outcome
