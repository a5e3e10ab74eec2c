"""What pages of stores show: frozen values, no rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from portal.catalogue import vendors_by_id
from portal.flows.stores.check_connection import Check, check_connection, find_troubles
from portal.orders import newest_store_orders, numbers_of_orders
from portal.web.text.format import When, when
from portal.web.text.platforms import platform_words
from portal.web.text.store_checks import check_text
from portal.web.text.store_events import note_text
from portal.web.text.store_sentences import EventFacts, event_sentence, source_text

if TYPE_CHECKING:
    from models import Store, StoreEvent, StoreKey, StoreRate, StoreVendor


@dataclass(frozen=True, slots=True)
class StoreHead:
    """A store as every page of it names it."""

    id: int
    name: str
    platform: str
    platform_label: str
    public_id: str
    is_active: bool


@dataclass(frozen=True, slots=True)
class StoreRow:
    """A store in the list: its newest order, and what is wrong in words."""

    head: StoreHead
    vendor: str
    order: str | None
    order_at: When | None
    trouble: str | None


@dataclass(frozen=True, slots=True)
class CheckView:
    """One of the checks; `state` is good, waiting, bad or unused."""

    name: str
    state: str
    title: str
    text: str
    at: When | None


@dataclass(frozen=True, slots=True)
class EventView:
    """An event of a store in one sentence with its details."""

    id: int
    at: When
    outcome: str
    sentence: str
    source: str
    notes: tuple[str, ...]
    external_id: str | None
    order_reference: str | None
    kind: str
    version: int | None
    is_replayable: bool


@dataclass(frozen=True, slots=True)
class KeyView:
    """A key without its text."""

    id: int
    prefix: str
    is_live: bool
    scopes: tuple[str, ...]
    created: When
    used: When | None
    revoked: When | None


@dataclass(frozen=True, slots=True)
class ReportedVendor:
    """A vendor as a store names one, and the vendor whose lines they are, None before one was chosen."""

    external_id: str
    vendor: str | None
    seen: When


def store_head(store: Store) -> StoreHead:
    """Return what every page shows of a store."""
    return StoreHead(
        store.id, store.name, store.platform, platform_words(store.platform), store.public_id, store.active
    )


def store_rows(stores: Sequence[Store]) -> list[StoreRow]:
    """Return stores as the list shows them."""
    orders, troubles = newest_store_orders([store.id for store in stores]), find_troubles(stores)
    vendors = vendors_by_id([store.default_vendor_id for store in stores if store.default_vendor_id])
    rows = []
    for store in stores:
        order, trouble = orders.get(store.id), troubles.get(store.id)
        vendor = vendors.get(store.default_vendor_id or 0)
        rows.append(
            StoreRow(
                head=store_head(store),
                vendor=vendor.name if vendor else "—",
                order=order.number if order else None,
                order_at=when(order.updated_at) if order else None,
                trouble=check_text(trouble.name, trouble.state, trouble.facts).text if trouble else None,
            )
        )
    return rows


def check_views(store: Store) -> tuple[list[CheckView], list[Check]]:
    """Return the checks of a store as its page shows them, and as they are."""
    checks = check_connection(store)
    views = []
    for check in checks:
        words = check_text(check.name, check.state, check.facts)
        views.append(
            CheckView(check.name, check.state, words.title, words.text, when(check.at) if check.at else None)
        )
    return views, checks


def event_views(store_id: int, events: Sequence[StoreEvent]) -> list[EventView]:
    """Return events of a store in words, with the numbers of its orders."""
    numbers = numbers_of_orders(store_id, [event.external_id for event in events if event.external_id])
    return [_event_view(event, numbers) for event in events]


def _event_view(event: StoreEvent, numbers: Mapping[str, str]) -> EventView:
    snapshot = event.snapshot
    number = numbers.get(event.external_id or "") or (snapshot or {}).get("number") or event.external_id
    facts = EventFacts(
        event.kind, event.verified, event.live, event.outcome, number, snapshot, event.explanation
    )
    return EventView(
        id=event.id,
        at=when(event.received_at),
        outcome=event.outcome or "waiting",
        sentence=event_sentence(facts),
        source=source_text(event.kind, verified=event.verified, live=event.live),
        notes=tuple(note_text(note) for note in event.explanation.get("notes", ())),
        external_id=event.external_id,
        order_reference=event.order_reference,
        kind=event.kind,
        version=(snapshot or {}).get("version"),
        is_replayable=snapshot is not None,
    )


def key_views(keys: Sequence[StoreKey]) -> list[KeyView]:
    """Return keys as the page shows them."""
    return [
        KeyView(
            id=key.id,
            prefix=key.prefix,
            is_live=key.mode == "live",
            scopes=tuple(key.scopes),
            created=when(key.created_at),
            used=when(key.last_used_at) if key.last_used_at else None,
            revoked=when(key.revoked_at) if key.revoked_at else None,
        )
        for key in keys
    ]


def rate_rows(rates: Sequence[StoreRate]) -> list[tuple[str, str]]:
    """Return each SKU with its percent as it is typed."""
    return [(rate.sku, f"{rate.referral_percent.normalize():f}") for rate in rates]


def reported_vendors(rows: Sequence[StoreVendor]) -> list[ReportedVendor]:
    """Return the vendors that a store named."""
    return [
        ReportedVendor(row.external_id, row.vendor.name if row.vendor else None, when(row.first_seen_at))
        for row in rows
    ]
