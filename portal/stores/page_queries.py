"""Read what the pages of a store show: its events, vendors, rates and coupons. See docs/rules/stores.md."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import timedelta

from peewee import JOIN, fn

from models import Store, StoreCoupon, StoreEvent, StoreRate, StoreVendor, Vendor
from portal.db import Keyset, Page, has_part
from portal.lib.clock import utc_now
from portal.stores.events import PASSING_DAYS
from portal.stores.queries import get_store
from portal.stores.rules import BUILT_IN_STORE_ID, StoreUnknown

PAGE, STORES_PAGE = 25, 25
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


@dataclass(frozen=True)
class StoreFilter:
    """Which stores a list shows: a part of the name, "" for any, connected or disconnected ones, None for both."""

    search: str = ""
    active: bool | None = None


def keyset_of_stores(
    filters: StoreFilter = StoreFilter(), vendor_ids: Collection[int] | None = None
) -> Keyset[Store]:
    """Return the connected stores that a filter matches, newest first; `vendor_ids` are their default vendors."""
    rows = Store.select().where(Store.id != BUILT_IN_STORE_ID)
    if vendor_ids is not None:
        rows = rows.where(Store.default_vendor.in_(list(vendor_ids)))
    if filters.search:
        rows = rows.where(has_part(Store.name, filters.search))
    if filters.active is not None:
        rows = rows.where(Store.active == filters.active)
    return Keyset(rows, Store.id)


def list_stores(
    filters: StoreFilter = StoreFilter(),
    vendor_ids: Collection[int] | None = None,
    cursor: str | None = None,
) -> Page[Store]:
    """Return a page of the connected stores that a filter matches, newest first; raise CursorInvalid."""
    return keyset_of_stores(filters, vendor_ids).page(cursor, STORES_PAGE)


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


def newest_refusals(store_ids: Collection[int]) -> dict[int, StoreEvent]:
    """Return the newest event of each of some stores that was refused as not authentic, by store."""
    newest = StoreEvent.alias()
    ids = newest.select(fn.max(newest.id)).where((newest.store == Store.id) & (~newest.verified))
    rows = Store.select(ids).where(Store.id.in_(list(store_ids)))
    return {event.store_id: event for event in StoreEvent.select().where(StoreEvent.id.in_(rows))}


def list_store_vendors(
    store_id: int, search: str = "", *, only_unassigned: bool = False, cursor: str | None = None
) -> Page[StoreVendor]:
    """Return a page of the vendors that a store has reported whose name there has a part, by that name."""
    rows = StoreVendor.select(StoreVendor, Vendor).join(Vendor, JOIN.LEFT_OUTER)
    rows = rows.where(StoreVendor.store == store_id)
    if search:
        rows = rows.where(has_part(StoreVendor.external_id, search))
    if only_unassigned:
        rows = rows.where(StoreVendor.vendor.is_null())
    return Keyset(rows, StoreVendor.external_id, ascending=True).page(cursor, PAGE)


def has_store_vendors(store_id: int) -> bool:
    """Return whether a store has reported a vendor."""
    return bool(StoreVendor.select().where(StoreVendor.store == store_id).exists())


def count_unassigned_vendors(store_id: int) -> int:
    """Return how many vendors of a store nobody has assigned."""
    return int(
        StoreVendor.select().where((StoreVendor.store == store_id) & StoreVendor.vendor.is_null()).count()
    )


def list_rates(store_id: int, search: str, cursor: str | None) -> Page[StoreRate]:
    """Return a page of a store's own rates for SKUs that contain a text, by SKU."""
    rows = StoreRate.select().where(StoreRate.store == store_id)
    if search:
        rows = rows.where(has_part(StoreRate.sku, search))
    return Keyset(rows, StoreRate.sku, ascending=True).page(cursor, PAGE)


def list_coupons(store_id: int, search: str, cursor: str | None) -> Page[StoreCoupon]:
    """Return a page of the coupons with a part that stand for share codes in a store, by coupon."""
    rows = StoreCoupon.select().where(StoreCoupon.store == store_id)
    if search:
        rows = rows.where(has_part(StoreCoupon.coupon, search))
    return Keyset(rows, StoreCoupon.coupon, ascending=True).page(cursor, PAGE)
