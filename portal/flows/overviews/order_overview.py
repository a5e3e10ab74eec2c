"""Everything of one order that its page for admins shows above the audit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from models import (
    Order,
    OrderDelivery,
    OrderFulfilment,
    OrderItem,
    PaymentTransaction,
    Product,
    StockMovement,
    StoreEvent,
    StoreOrder,
    User,
    Vendor,
)
from portal.db import Keyset, any_of, built_once
from portal.orders import OrderUnknown, any_order

EVENTS_SHOWN = 10


@dataclass(frozen=True)
class OrderOverview:
    """One order with its lines, vendors and fulfilments by vendor, buyer, payments, stock and what its store reported.

    Of the events of the store only the newest, newest first.
    """

    order: Order
    items: list[OrderItem]
    vendors: dict[int, Vendor]
    fulfilments: dict[int, OrderFulfilment]
    delivery: OrderDelivery | None
    buyer: User | None
    payments: list[PaymentTransaction]
    stock: list[StockMovement]
    state: StoreOrder | None
    events: list[StoreEvent]


@built_once
def _read_rows(order_id: str) -> tuple[Any, ...]:
    items = OrderItem.select().where(OrderItem.order == order_id).order_by(OrderItem.id)
    state = StoreOrder.select().where(StoreOrder.order == order_id)
    payments = PaymentTransaction.select().where(
        (PaymentTransaction.purpose == "store_order") & (PaymentTransaction.entity_id == order_id)
    )
    # The reasons that can name an order; its index has only these.
    stock = StockMovement.select(StockMovement, Product).join(Product)
    stock = stock.where((StockMovement.order_id == order_id) & StockMovement.reason.in_(["sale", "refund"]))
    events = StoreEvent.select().where(
        (StoreEvent.store == state.select(StoreOrder.store))
        & (StoreEvent.external_id == state.select(StoreOrder.external_id))
    )
    buyer_id = Order.select(Order.buyer_user_id).where(Order.id == order_id)
    return (
        any_order(order_id),
        items,
        Vendor.select().where(Vendor.id == any_of(items.select(OrderItem.vendor))),
        OrderFulfilment.select().where(OrderFulfilment.order == order_id),
        OrderDelivery.select().where(OrderDelivery.order == order_id),
        User.select().where(User.id == any_of(buyer_id)),
        payments.order_by(PaymentTransaction.id),
        stock.order_by(StockMovement.id),
        state,
        Keyset(events, StoreEvent.id).first(EVENTS_SHOWN),
    )


def order_overview(order_id: str) -> OrderOverview:
    """Return an order of any store, in one statement; raise OrderUnknown."""
    found = _read_rows(order_id)
    orders, lines, vendors, fulfilments, deliveries, buyers, attempts, movements, states, reports = found
    if not orders:
        raise OrderUnknown
    return OrderOverview(
        order=orders[0],
        items=lines,
        vendors={row.id: row for row in vendors},
        fulfilments={row.vendor_id: row for row in fulfilments},
        delivery=deliveries[0] if deliveries else None,
        buyer=buyers[0] if buyers else None,
        payments=attempts,
        stock=movements,
        state=states[0] if states else None,
        events=reports,
    )
