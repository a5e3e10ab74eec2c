"""Receive what a store reports: store it, apply it, record what became of it. See docs/rules/stores.md."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from models import Store, StoreEvent
from portal.chain import AnyChain
from portal.db import transaction, work_through
from portal.flows.checkout.size_reward import NO_MARKET, Market, read_market
from portal.flows.stores.apply_snapshot import apply_snapshot
from portal.flows.stores.arrived import Arrived, Outcome
from portal.flows.stores.attribute import buyer_of, known_buyer
from portal.flows.stores.order_answer import OrderAnswer, close_and_answer, find_reported_order
from portal.lib.contacts import without_addresses
from portal.lib.errors import PortalError
from portal.orders import CheckoutKeyUsed
from portal.settings import Settings
from portal.stores import (
    EVENT_QUEUE,
    KnownSnapshot,
    all_customer_keys,
    close_store_event,
    get_store,
    list_waiting_events,
    lock_waiting_event,
    price_snapshot,
    record_store_event,
    require_exact_amounts,
    stored_snapshot,
)
from portal.stores.snapshots import OrderSnapshot

# A request that is still applying its event is not overtaken by the job.
_GRACE_SECONDS = 60
# Reported by a request; platforms write amounts in their own ways, which the adapters know.
API_ORDER = "api.order"

Describe = Callable[[OrderAnswer], Any]


@dataclass(frozen=True)
class Applied:
    """What became of a snapshot. `answer` is what `describe` returned."""

    result: str
    event_id: int
    order_id: str | None
    order_reference: str | None
    notes: list[dict[str, Any]] = field(default_factory=list)
    answer: Any = None


class Undo(Exception):
    """Roll back a test."""


def receive_snapshot(
    store: Store,
    snapshot: OrderSnapshot,
    *,
    kind: str,
    chain: AnyChain,
    settings: Settings,
    live: bool = True,
    body_sha256: str | None = None,
    describe: Describe | None = None,
) -> Applied:
    """Store an authentic snapshot durably, apply it in one transaction and return what became of it.

    A test goes the whole way and is rolled back: only its event stays. `describe` is called with what both ledgers
    say. Raises PortalError for a snapshot that cannot be applied; its event is `refused`.
    See docs/rules/stores.md.
    """
    buyer = buyer_of(store, snapshot.customer, settings, snapshot.external_id)
    known = KnownSnapshot(without_identity(snapshot), buyer.keys)
    event: dict[str, Any] = {
        "live": live, "external_id": snapshot.external_id, "snapshot": known.as_json(), "body_sha256": body_sha256
    }  # fmt: skip
    try:
        if kind == API_ORDER:
            require_exact_amounts(snapshot)
        price_snapshot(snapshot, store.commission_base)
    except PortalError as error:
        record_store_event(store.id, kind, outcome="refused", explanation=refusal(error), **event)
        raise
    reported = find_reported_order(store.id, snapshot.external_id)
    if reported and live and reported.snapshot_sha256 == known.sha256:
        return _record_unchanged(store, kind, event, reported.answer, describe)
    if reported:
        # All customers of an order are locked before the order itself.
        buyer = replace(buyer, keys=all_customer_keys(buyer.keys, reported.customer_keys))
    arrived = Arrived(store, known, buyer, settings, _market(store, known, chain, settings))
    if not live:
        return _try_out(arrived, kind, event, describe)
    event_id = record_store_event(store.id, kind, **event)
    return _apply(arrived, event_id, describe)


def settle_store_events(chain: AnyChain, settings: Settings) -> int:
    """Apply the events that were stored but not applied, the oldest first; return how many are settled now."""
    return work_through(
        EVENT_QUEUE,
        list_waiting_events(_GRACE_SECONDS),
        int,
        lambda event_id: settle_store_event(event_id, chain, settings),
    )


def settle_store_event(event_id: int, chain: AnyChain, settings: Settings) -> Applied | None:
    """Apply a stored event; None if it has an outcome already or names an order that has to be fetched first."""
    event = StoreEvent.get_or_none((StoreEvent.id == event_id) & StoreEvent.outcome.is_null())
    if event is None or event.snapshot is None:
        return None
    try:
        return _apply(_arrived_of(event, chain, settings), event.id, None)
    except PortalError:
        return None  # refused, which its event says


def replay_store_event(
    store: Store, event: StoreEvent, chain: AnyChain, settings: Settings, describe: Describe | None = None
) -> Applied:
    """Apply the snapshot of an earlier event again, as a new event; what changed nothing then changes nothing now."""
    arrived = _arrived_of(event, chain, settings)
    content = {"live": event.live, "external_id": event.external_id, "snapshot": event.snapshot}
    if not event.live:
        return _try_out(arrived, "replay", content, describe)
    return _apply(arrived, record_store_event(store.id, "replay", **content), describe)


def _apply(arrived: Arrived, event_id: int, describe: Describe | None) -> Applied:
    try:
        return _apply_once(arrived, event_id, describe)
    except CheckoutKeyUsed:
        # Two first reports of one order, of different buyers, at the same time: now it is there.
        return _apply_once(arrived, event_id, describe)
    except PortalError as error:
        with transaction():
            if lock_waiting_event(event_id):
                close_store_event(event_id, "refused", order_reference=None, explanation=refusal(error))
        raise


def _apply_once(arrived: Arrived, event_id: int, describe: Describe | None) -> Applied:
    with transaction():
        # The job may have been faster; its outcome stands and applying again changes nothing.
        outcome, is_waiting = apply_snapshot(arrived, event_id)
        waiting_id = event_id if is_waiting else None
        answer, _explanation = close_and_answer(waiting_id, outcome.result, outcome.order_id, outcome.notes)
    return _applied(outcome, event_id, answer, describe)


def _try_out(arrived: Arrived, kind: str, event: dict[str, Any], describe: Describe | None) -> Applied:
    """Apply a snapshot, keep what became of it, and roll everything back."""
    applied: Applied | None = None
    explanation: dict[str, Any] = {}
    try:
        with transaction():
            outcome, _ = apply_snapshot(arrived)
            answer, explained = close_and_answer(None, outcome.result, outcome.order_id, outcome.notes)
            explanation = {"wouldBe": outcome.result, **explained}
            applied = _applied(outcome, 0, answer, describe)
            raise Undo
    except Undo:
        pass
    except PortalError as error:
        record_store_event(arrived.store.id, kind, outcome="refused", explanation=refusal(error), **event)
        raise
    assert applied is not None
    event_id = record_store_event(arrived.store.id, kind, outcome="test", explanation=explanation, **event)
    return replace(applied, result="test", event_id=event_id)


def _applied(outcome: Outcome, event_id: int, answer: OrderAnswer, describe: Describe | None) -> Applied:
    described = describe(answer) if describe else None
    return Applied(
        outcome.result, event_id, outcome.order_id, outcome.order_reference, outcome.notes, described
    )


def _record_unchanged(
    store: Store, kind: str, event: dict[str, Any], answer: OrderAnswer, describe: Describe | None
) -> Applied:
    reference = answer.order.order_reference
    facts = {**event, "snapshot": None, "order_reference": reference}
    event_id = record_store_event(store.id, kind, outcome="unchanged", **facts)
    described = describe(answer) if describe else None
    return Applied("unchanged", event_id, answer.order.id, reference, answer=described)


def _arrived_of(event: StoreEvent, chain: AnyChain, settings: Settings) -> Arrived:
    store = get_store(event.store_id)
    known = stored_snapshot(event.snapshot)
    return Arrived(store, known, known_buyer(known), settings, _market(store, known, chain, settings))


def _market(store: Store, known: KnownSnapshot, chain: AnyChain, settings: Settings) -> Market:
    """Read the prices of an order that may earn a reward; sources may be slow, so before anything is locked."""
    priced = price_snapshot(known.snapshot, store.commission_base)
    if not priced.is_paid or not priced.total_minor:
        return NO_MARKET
    return read_market(chain, settings, priced.currency)


def without_identity(snapshot: OrderSnapshot) -> OrderSnapshot:
    """Return a snapshot as it is stored, without what its buyer's keys are made of."""
    customer = snapshot.customer.model_copy(update={"email": None, "external_id": None})
    return snapshot.model_copy(update={"customer": customer})


def refusal(error: PortalError) -> dict[str, Any]:
    """Return the explanation of an event that was refused; a value in the wrong place may be a person's address."""
    params = {name: without_addresses(str(value))[:200] for name, value in error.params.items()}
    return {"error": error.code, "field": error.field, "params": params}
