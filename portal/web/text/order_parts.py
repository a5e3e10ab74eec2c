"""The lines of an order by vendor, each part with what its vendor has done, as pages show them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from portal.lib.values import dataclass
from portal.web.text.format import When, money, when

if TYPE_CHECKING:
    from models import Order, OrderFulfilment, OrderItem, Vendor


@dataclass(frozen=True, slots=True)
class LineView:
    """A line of an order; `unit_price` is empty where the store reports the amount of the line only."""

    name: str
    sku: str
    quantity: int
    unit_price: str
    amount: str


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
