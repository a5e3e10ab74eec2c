"""Read what a store sent and what became of it. See docs/rules/stores.md."""

from __future__ import annotations

from models import StoreEvent
from portal.db import Keyset, Page, make_cursor
from portal.lib.errors import PortalError
from portal.stores.events import get_store_event

EVENTS_PAGE = 100


class StoreEventEmpty(PortalError):
    """The event has no order that could be applied again."""

    code = "store_event_empty"


def list_store_events(store_id: int, after: int = 0) -> Page[StoreEvent]:
    """Return a page of a store's events that came after one, oldest first."""
    rows = StoreEvent.select().where(StoreEvent.store == store_id)
    return Keyset(rows, StoreEvent.id, ascending=True).page(make_cursor(after), EVENTS_PAGE)


def get_replayable_event(store_id: int, event_id: int) -> StoreEvent:
    """Return an event of a store that has an order to apply; raise StoreEventUnknown or StoreEventEmpty."""
    event = get_store_event(store_id, event_id)
    if event.snapshot is None:
        raise StoreEventEmpty
    return event
