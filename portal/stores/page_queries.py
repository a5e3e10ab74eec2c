"""Read what the pages of a store show: its events, vendors, rates and coupons. See docs/rules/stores.md."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from models import Store, StoreCoupon, StoreEvent, StoreRate, StoreVendor
from portal.db import Keyset, Page
from portal.lib.clock import utc_now
from portal.stores.events import PASSING_DAYS
from portal.stores.queries import get_store
from portal.stores.rules import BUILT_IN_STORE_ID, StoreUnknown

PAGE = 50
WAITING = "waiting"
OUTCOMES = (
    "created",
    "updated",
    "held",
    "refused",
    "test",
    "unchanged",
    "stale",
    "ignored",
    WAITING,
)


def get_connected_store(store_id: int) -> Store:
    """Return a store that is not the built-in shop; raise StoreUnknown."""
    if store_id == BUILT_IN_STORE_ID:
        raise StoreUnknown
    return get_store(store_id)


def get_store_of_vendors(store_id: int, vendor_ids: Iterable[int]) -> Store:
    """Return a connected store whose default vendor is one of these; raise StoreUnknown."""
    store = get_connected_store(store_id)
    if store.default_vendor_id not in set(vendor_ids):
        raise StoreUnknown
    return store


def list_stores_of_vendors(vendor_ids: Iterable[int]) -> list[Store]:
    """Return the connected stores whose default vendor is one of these, those that may report first."""
    rows = Store.select().where(
        (Store.id != BUILT_IN_STORE_ID) & Store.default_vendor.in_(sorted(set(vendor_ids)))
    )
    return list(rows.order_by(Store.active.desc(), Store.id))


def list_recent_events(store_id: int, outcome: str | None, cursor: str | None) -> Page[StoreEvent]:
    """Return a page of a store's events of the last 30 days, newest first; `outcome` is one of OUTCOMES or None."""
    rows = StoreEvent.select().where(
        (StoreEvent.store == store_id) & (StoreEvent.received_at > utc_now() - timedelta(days=PASSING_DAYS))
    )
    if outcome == WAITING:
        rows = rows.where(StoreEvent.outcome.is_null())
    elif outcome is not None:
        rows = rows.where(StoreEvent.outcome == outcome)
    return Keyset(rows, StoreEvent.id).page(cursor, PAGE)


def changes_of_order(order_reference: str) -> Keyset[StoreEvent]:
    """Return the events that changed an order of a store, newest first."""
    rows = StoreEvent.select().where(
        (StoreEvent.order_reference == order_reference)
        & StoreEvent.outcome.in_(["created", "updated", "held"])
    )
    return Keyset(rows, StoreEvent.id)


def find_newest_event(
    store_id: int, *, with_cookie: bool = False, verified: bool = True
) -> StoreEvent | None:
    """Return a store's newest event: authentic or refused as not authentic, with a code from the cookie if asked."""
    rows = StoreEvent.select().where((StoreEvent.store == store_id) & (StoreEvent.verified == verified))
    if with_cookie:
        rows = rows.where(StoreEvent.snapshot.contains({"codeSource": "cookie"}))
    event: StoreEvent | None = rows.order_by(StoreEvent.id.desc()).first()
    return event


def list_store_vendors(store_id: int) -> list[StoreVendor]:
    """Return the vendors that a store has reported, those that nobody assigned first."""
    rows = StoreVendor.select().where(StoreVendor.store == store_id)
    return list(rows.order_by(StoreVendor.vendor.is_null().desc(), StoreVendor.external_id))


def count_unassigned_vendors(store_id: int) -> int:
    """Return how many vendors of a store nobody has assigned."""
    return int(
        StoreVendor.select().where((StoreVendor.store == store_id) & StoreVendor.vendor.is_null()).count()
    )


def list_rates(store_id: int, cursor: str | None) -> Page[StoreRate]:
    """Return a page of the rates that SKUs of a store have of their own, by SKU."""
    rows = StoreRate.select().where(StoreRate.store == store_id)
    return Keyset(rows, StoreRate.sku, ascending=True).page(cursor, PAGE)


def list_coupons(store_id: int, cursor: str | None) -> Page[StoreCoupon]:
    """Return a page of the coupons of a store that stand for share codes, by coupon."""
    rows = StoreCoupon.select().where(StoreCoupon.store == store_id)
    return Keyset(rows, StoreCoupon.coupon, ascending=True).page(cursor, PAGE)
