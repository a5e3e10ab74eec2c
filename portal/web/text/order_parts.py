"""The lines of an order by vendor, each part with what its vendor has done, as pages show them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from portal.db import Page, make_cursor, page_of_list
from portal.web.text.format import When, money, when

if TYPE_CHECKING:
    from models import Order, OrderFulfilment, OrderItem, Vendor

# The built-in shop sells at most 50 lines in an order, which are one page; a connected store may report 500.
LINES_PAGE, PARTS_PAGE, LINES_IN_LIST = 50, 10, 4


@dataclass(frozen=True, slots=True)
class LineView:
    """A line of an order; `unit_price` is empty where the store reports the amount of the line only."""

    name: str
    sku: str
    quantity: int
    unit_price: str
    amount: str


@dataclass(frozen=True, slots=True)
class _Place:
    """A line with the number of its part and its own in the part."""

    part: int
    number: int
    line: LineView


@dataclass(frozen=True, slots=True)
class PartView:
    """One vendor's lines of an order.

    `status` is that of the delivery, empty before the order is paid. `can` are the changes that its vendor may make;
    `is_waiting` means that an admin has to decide about a cancellation.
    """

    vendor_id: int
    vendor: str
    lines: tuple[LineView, ...]
    total: str
    status: str
    note: str
    changed: When | None
    can: tuple[str, ...]
    is_waiting: bool


def order_parts(
    order: Order,
    items: Iterable[OrderItem],
    vendors: Mapping[int, Vendor],
    fulfilments: Mapping[int, OrderFulfilment],
    *,
    for_buyer: bool = False,
) -> tuple[PartView, ...]:
    """Return the parts of an order in the order of their first lines.

    The note of an open part is from an admin to the vendor, so the buyer does not get it.
    """
    by_vendor: dict[int, list[OrderItem]] = {}
    for item in items:
        by_vendor.setdefault(item.vendor_id, []).append(item)
    return tuple(
        _part(order, vendors[vendor_id], lines, fulfilments.get(vendor_id), for_buyer=for_buyer)
        for vendor_id, lines in by_vendor.items()
    )


def page_of_parts(parts: Sequence[PartView], cursor: str | None) -> Page[PartView]:
    """Return a page of the lines of an order by vendor; a part that goes on has its whole total on each page.

    Raises CursorInvalid.
    """
    places = [
        _Place(at, number, line) for at, part in enumerate(parts) for number, line in enumerate(part.lines)
    ]
    page = page_of_list(places, cursor, LINES_PAGE, _place_key)
    first = page.rows[0].part if page.rows else 0
    rows = [place for place in page.rows if place.part < first + PARTS_PAGE]
    shown: dict[int, list[LineView]] = {}
    for place in rows:
        shown.setdefault(place.part, []).append(place.line)
    return Page(
        [replace(parts[at], lines=tuple(lines)) for at, lines in shown.items()],
        make_cursor(*_place_key(rows[-1])) if len(rows) < len(page.rows) else page.next_cursor,
    )


def _place_key(place: _Place) -> tuple[int, int]:
    return place.part, place.number


def shorten_parts(parts: Sequence[PartView]) -> tuple[tuple[PartView, ...], int]:
    """Return the parts with the first lines of an order, for a list of orders, and how many lines are left out."""
    shown: list[PartView] = []
    room = LINES_IN_LIST
    for part in parts:
        if room > 0:
            shown.append(replace(part, lines=part.lines[:room]))
            room -= len(part.lines)
    return tuple(shown), max(-room, 0) + sum(len(part.lines) for part in parts[len(shown) :])


def _part(
    order: Order, vendor: Vendor, items: list[OrderItem], state: OrderFulfilment | None, *, for_buyer: bool
) -> PartView:
    status = state.status if state else "open"
    is_known = status != "open" or order.status == "paid"
    return PartView(
        vendor_id=vendor.id,
        vendor=vendor.name,
        lines=tuple(_line(item, order.currency) for item in items),
        total=money(sum(item.subtotal_minor for item in items), order.currency),
        status=status if is_known else "",
        note=(state.note or "") if state and not (for_buyer and status == "open") else "",
        changed=when(state.updated_at) if state and is_known else None,
        can=_changes(order.status, status),
        is_waiting=status == "cancelled" and order.status == "paid",
    )


def _line(item: OrderItem, currency: str) -> LineView:
    return LineView(
        item.name,
        item.sku,
        item.quantity,
        "" if item.unit_price_minor is None else money(item.unit_price_minor, currency),
        money(item.subtotal_minor, currency),
    )


def _changes(order_status: str, status: str) -> tuple[str, ...]:
    """Return the changes that the vendor may make now; the order may still change before they are sent."""
    if order_status not in ("created", "paid"):
        return ()
    if status == "open":
        return ("deliver", "cancel") if order_status == "paid" else ("cancel",)
    return ("reopen",) if status in ("delivered", "cancelled") else ()
