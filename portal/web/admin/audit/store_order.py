"""What the audit shows of an order that a connected store reported."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from portal.stores import get_store
from portal.web.stores.presenters import EventView, event_views

if TYPE_CHECKING:
    from models import StoreEvent, StoreOrder


@dataclass(frozen=True, slots=True)
class StoreOrderView:
    """The store, its own number and id of the order, the newest version, and the reports that changed it."""

    store_id: int
    store: str
    number: str
    external_id: str
    version: int
    changes: tuple[EventView, ...]


def store_order_view(order: StoreOrder | None, changes: Sequence[StoreEvent]) -> StoreOrderView | None:
    """Return the order as its store knows it, None for one of the built-in shop."""
    if order is None:
        return None
    return StoreOrderView(
        store_id=order.store_id,
        store=get_store(order.store_id).name,
        number=order.number,
        external_id=order.external_id,
        version=order.version,
        changes=tuple(event_views(order.store_id, changes)),
    )
