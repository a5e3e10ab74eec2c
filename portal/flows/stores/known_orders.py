"""Orders in the state that their store reported last. See docs/rules/stores.md."""

from __future__ import annotations

from dataclasses import replace

from models import Store
from portal.chain import AnyChain
from portal.flows.stores.attribute import buyer_of
from portal.flows.stores.receive_snapshot import settle_store_event, without_identity
from portal.orders import find_store_order
from portal.settings import Settings
from portal.stores import KnownSnapshot, merge, record_store_event, stored_snapshot
from portal.stores.snapshots import OrderSnapshot


def is_known_state(store: Store, snapshot: OrderSnapshot, settings: Settings) -> bool:
    """Return whether a snapshot says nothing new of its order, in whatever version.

    Some platforms state no time of a change, so that each reading is a version of its own.
    """
    stored = find_store_order(store.id, snapshot.external_id)
    if stored is None:
        return False
    buyer = buyer_of(store, snapshot.customer, settings, snapshot.external_id)
    known = stored_snapshot(stored.snapshot)
    version = known.snapshot.version
    arrived = without_identity(snapshot).model_copy(update={"version": max(snapshot.version, version)})
    merged = merge(known, KnownSnapshot(arrived, buyer.keys))
    assert merged is not None
    as_stored = replace(merged, snapshot=merged.snapshot.model_copy(update={"version": version}))
    return as_stored.sha256 == stored.snapshot_sha256


def cancel_known_order(
    store: Store, external_id: str, kind: str, chain: AnyChain, settings: Settings
) -> bool:
    """Cancel an order that its store has deleted; return whether the order is known."""
    stored = find_store_order(store.id, external_id)
    if stored is None:
        return False
    known = stored_snapshot(stored.snapshot)
    cancelled = known.snapshot.model_copy(update={"status": "cancelled"})
    content = KnownSnapshot(cancelled, known.customer_keys).as_json()
    event_id = record_store_event(store.id, kind, external_id=external_id, snapshot=content)
    settle_store_event(event_id, chain, settings)
    return True
