"""Lists of orders for admins and vendors, newest first. Every filter has an index: sql/060_order_fulfilments.sql."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from peewee import JOIN, fn

from models import Order, OrderFulfilment, OrderItem, Store, StoreOrder
from portal.db import Keyset, Page, distinct_values, within
from portal.orders.queries import ORDERS_PAGE
from portal.orders.rules import OrderUnknown
from portal.orders.status_rules import FulfilmentStatus, OrderStatus

PRODUCT_ORDERS_PAGE = 10


@dataclass(frozen=True)
class OrderFilter:
    """Which orders to list; an empty field restricts nothing. `until` is exclusive.

    `number` is a reference or id of the portal, or a number or id of a store. `product` is the SKU or the name of a
    line, letter case aside for the name. `is_waiting` selects paid orders with a cancellation to decide about.
    """

    store_id: int | None = None
    status: str = ""
    currency: str = ""
    is_referred: bool | None = None
    code: str = ""
    number: str = ""
    product: str = ""
    is_waiting: bool = False
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True)
class SoldFilter:
    """Which of their lines vendors list; an empty field restricts nothing. `until` is exclusive."""

    state: str = ""
    number: str = ""
    since: datetime | None = None
    until: datetime | None = None


def list_all_orders(filters: OrderFilter, cursor: str | None = None) -> Page[Order]:
    """Return a page of the orders of every store; raise CursorInvalid."""
    return list_all_orders_ledger(filters).page(cursor, ORDERS_PAGE)


def list_all_orders_ledger(filters: OrderFilter) -> Keyset[Order]:
    """Return every matching order of every store, with its store and `number`, empty in the built-in shop."""
    rows = _with_store().where(*_conditions(filters))
    return Keyset(within(rows, Order.created_at, filters.since, filters.until), Order.created_at, Order.id)


def list_orders_of_vendors(
    vendor_ids: Sequence[int], state: str = "", number: str = "", cursor: str | None = None
) -> Page[Order]:
    """Return a page of the orders in which these vendors have lines; raise CursorInvalid.

    `state` is open (paid orders that still have lines to deliver), delivered or cancelled; empty lists all.
    """
    rows = _with_store().where(fn.EXISTS(_lines_of(vendor_ids)))
    if state == FulfilmentStatus.OPEN:
        rows = rows.where(
            (Order.status == OrderStatus.PAID)
            & fn.EXISTS(_lines_of(vendor_ids).where(~fn.EXISTS(_finished_part())))
        )
    elif state:
        own = _parts().where(OrderFulfilment.vendor.in_(list(vendor_ids)))
        rows = rows.where(fn.EXISTS(own.where(OrderFulfilment.status.in_(_part_statuses(state)))))
    if number:
        rows = rows.where(Order.id.in_(_ids_of(number)))
    return Keyset(rows, Order.created_at, Order.id).page(cursor, ORDERS_PAGE)


def list_sold_lines_ledger(vendor_ids: Sequence[int], filters: SoldFilter) -> Keyset[OrderItem]:
    """Return every matching line of these vendors with its order and store, the newest order first.

    `number` is the store's, empty in the built-in shop; `delivery` is the state of the vendor's part.
    """
    number = fn.COALESCE(StoreOrder.number, "").alias("number")
    delivery = fn.COALESCE(OrderFulfilment.status, FulfilmentStatus.OPEN.value)
    # The key reads it from the line.
    placed_at = fn.COALESCE(Order.created_at)
    part = (OrderFulfilment.order == OrderItem.order) & (OrderFulfilment.vendor == OrderItem.vendor)
    rows = (
        OrderItem.select(
            OrderItem, Order, Store, number, delivery.alias("delivery"), placed_at.alias("created_at")
        )
        .join(Order).join(Store)
        .switch(OrderItem).join(StoreOrder, JOIN.LEFT_OUTER, on=(StoreOrder.order == OrderItem.order))
        .switch(OrderItem).join(OrderFulfilment, JOIN.LEFT_OUTER, on=part)
        .where(OrderItem.vendor.in_(list(vendor_ids)))
    )  # fmt: skip
    if filters.state:
        rows = rows.where(delivery.in_(_part_statuses(filters.state)))
    if filters.state == FulfilmentStatus.OPEN:
        rows = rows.where(Order.status == OrderStatus.PAID)
    if filters.number:
        rows = rows.where(OrderItem.order.in_(_ids_of(filters.number)))
    return Keyset(
        within(rows, Order.created_at, filters.since, filters.until), Order.created_at, OrderItem.id
    )


def list_lines_of_product(product_id: int, cursor: str | None = None) -> Page[OrderItem]:
    """Return a page of the lines with a product of the built-in shop and their orders, newest first.

    Raises CursorInvalid.
    """
    rows = OrderItem.select(OrderItem, Order).join(Order).where(OrderItem.product == product_id)
    return Keyset(rows, OrderItem.id).page(cursor, PRODUCT_ORDERS_PAGE)


def get_order_of_vendors(order_id: str, vendor_ids: Sequence[int]) -> Order:
    """Return an order in which one of these vendors has lines; raise OrderUnknown for any other."""
    return _require(_with_store().where(Order.id == order_id, fn.EXISTS(_lines_of(vendor_ids))).first())


def list_items_of_vendors(order_ids: Sequence[str], vendor_ids: Sequence[int]) -> dict[str, list[OrderItem]]:
    """Return the lines of these vendors in several orders by order id, in one statement."""
    items: dict[str, list[OrderItem]] = {}
    rows = OrderItem.select().where(
        OrderItem.order.in_(list(order_ids)), OrderItem.vendor.in_(list(vendor_ids))
    )
    for item in rows.order_by(OrderItem.id):
        items.setdefault(item.order_id, []).append(item)
    return items


def any_order(order_id: str) -> Any:
    """Return the selection of an order of any store with its store and `number`, for admins."""
    return _with_store().where(Order.id == order_id)


def list_order_currencies() -> list[str]:
    """Return the currencies that orders have, by a jump from each to the next in the index."""
    return distinct_values("orders", "currency")


def _with_store() -> Any:
    number = fn.COALESCE(StoreOrder.number, "").alias("number")
    joined = Order.select(Order, Store, number).join(Store).switch(Order)
    return joined.join(StoreOrder, JOIN.LEFT_OUTER, on=(StoreOrder.order == Order.id))


def _conditions(filters: OrderFilter) -> list[Any]:
    conditions: list[Any] = [True]
    if filters.store_id is not None:
        conditions.append(Order.store == filters.store_id)
    if filters.status:
        conditions.append(Order.status == filters.status)
    if filters.currency:
        conditions.append(Order.currency == filters.currency)
    if filters.is_referred is not None:
        conditions.append(Order.referral_code.is_null(not filters.is_referred))
    if filters.code:
        conditions.append(Order.referral_code == filters.code)
    if filters.number:
        conditions.append(Order.id.in_(_ids_of(filters.number)))
    if filters.product:
        # Small letters by the database on both sides: it may know fewer of them than Python.
        is_name = fn.LOWER(OrderItem.name) == fn.LOWER(filters.product)
        is_product = (OrderItem.sku == filters.product) | is_name
        conditions.append(fn.EXISTS(_lines().where(is_product)))
    if filters.is_waiting:
        conditions.append(Order.status == OrderStatus.PAID)
        conditions.append(fn.EXISTS(_parts().where(OrderFulfilment.status == FulfilmentStatus.CANCELLED)))
    return conditions


def _ids_of(number: str) -> Any:
    """Return the selection of order ids with a reference, id or number; a union, so that each part uses its index."""
    own = Order.alias()
    reported = StoreOrder.alias()
    return (
        own.select(own.id).where(own.order_reference == number)
        | own.select(own.id).where(own.id == number)
        | reported.select(reported.order).where(reported.number == number)
        | reported.select(reported.order).where(reported.external_id == number)
    )


def _lines() -> Any:
    return OrderItem.select(1).where(OrderItem.order == Order.id)


def _lines_of(vendor_ids: Sequence[int]) -> Any:
    return _lines().where(OrderItem.vendor.in_(list(vendor_ids)))


def _parts() -> Any:
    return OrderFulfilment.select(1).where(OrderFulfilment.order == Order.id)


def _finished_part() -> Any:
    return OrderFulfilment.select(1).where(
        OrderFulfilment.order == OrderItem.order,
        OrderFulfilment.vendor == OrderItem.vendor,
        OrderFulfilment.status != FulfilmentStatus.OPEN,
    )


def _part_statuses(state: str) -> list[str]:
    """Return the statuses of a part that a vendor sees as one state."""
    return [state, FulfilmentStatus.CLOSED] if state == FulfilmentStatus.CANCELLED else [state]


def _require(order: Order | None) -> Order:
    if order is None:
        raise OrderUnknown
    return order
