"""What a crash left unapplied is applied later, and a snapshot that cannot be applied stops no other."""

from __future__ import annotations

from models import FailingItem, StoreEvent
from portal.db import query
from portal.flows.stores.receive_snapshot import settle_store_events
from portal.stores import KnownSnapshot, prune_store_events, record_store_event
from tests.flows.stores.conftest import Shop


def test_broken_snapshots_are_set_aside(shop: Shop) -> None:
    for number in range(120):
        record_store_event(
            shop.store.id, "api.order", external_id=str(number), snapshot={"externalId": str(number)}
        )
    known = KnownSnapshot(shop.snapshot(customer={}), ("id:7",))
    good = record_store_event(shop.store.id, "api.order", external_id="14", snapshot=known.as_json())
    query("UPDATE store_events SET received_at = now() - interval '2 minutes' RETURNING id")
    settle_store_events(shop.chain, shop.settings)
    settle_store_events(shop.chain, shop.settings)
    assert StoreEvent.get_by_id(good).outcome == "created"
    assert shop.order().status == "paid"
    assert FailingItem.select().where(FailingItem.queue == "store_events").count() == 120


def test_only_what_changed_nothing_is_removed(shop: Shop) -> None:
    shop.report()
    shop.report()
    shop.report(live=False)
    query("UPDATE store_events SET received_at = now() - interval '31 days' RETURNING id")
    assert prune_store_events(30) == 2
    assert [event.outcome for event in StoreEvent.select()] == ["created"]
