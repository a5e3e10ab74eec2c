"""The newest orders and events of a product, for its page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from flask import request

from portal.db import EventFilter, list_event_ledger
from portal.flows.overviews.queue_overview import admin_names
from portal.orders import list_lines_of_product
from portal.web.core.current_user import current_user
from portal.web.core.urls import url_for
from portal.web.products.desk import Desk
from portal.web.text.event_reasons import reason_text
from portal.web.text.events import actor_words, event_words
from portal.web.text.format import When, money, number, when
from portal.web.text.translate import gettext as _

if TYPE_CHECKING:
    from models import EventLog, OrderItem

EVENTS_PAGE = 10
_ORDER_PAGE = {"admin": "admin.orders.show", "vendor": "vendor.order"}


@dataclass(frozen=True, slots=True)
class ProductOrderRow:
    """A line of an order with the product."""

    order_id: str
    url: str
    status: str
    quantity: str
    amount: str
    placed: When


@dataclass(frozen=True, slots=True)
class ProductEventRow:
    """A change of the product; a vendor sees no names of admins."""

    at: When
    what: str
    who: str
    reason: str


def product_history(desk: Desk, product_id: int) -> dict[str, Any]:
    """Return the context of the lists of orders and events, each for the page of its cursor in the URL."""
    lines = list_lines_of_product(product_id, request.args.get("orders_cursor"))
    mine = EventFilter(entity="product", entity_id=str(product_id))
    events = list_event_ledger(mine).page(request.args.get("events_cursor"), EVENTS_PAGE)
    return {
        "orders": [_order_row(desk, line) for line in lines.rows],
        "orders_cursor": lines.next_cursor,
        "events": _event_rows(desk, events.rows),
        "events_cursor": events.next_cursor,
    }


def _order_row(desk: Desk, line: OrderItem) -> ProductOrderRow:
    order = line.order
    return ProductOrderRow(
        order_id=order.id,
        url=url_for(_ORDER_PAGE[desk.role], order_id=order.id),
        status=order.status,
        quantity=number(line.quantity),
        amount=money(line.subtotal_minor, order.currency),
        placed=when(order.created_at),
    )


def _event_rows(desk: Desk, events: Sequence[EventLog]) -> list[ProductEventRow]:
    people = {event.actor_user_id for event in events if event.actor_user_id}
    names = admin_names(sorted(people if desk.role == "admin" else people & {current_user().id}))
    return [
        ProductEventRow(
            when(event.at),
            event_words(event.event),
            _who(event, names),
            reason_text(event.entity, event.event, event.reason),
        )
        for event in events
    ]


def _who(event: EventLog, names: dict[int, str]) -> str:
    if event.actor_user_id is None:
        return actor_words(event.actor)
    return names.get(event.actor_user_id) or _("An admin")
