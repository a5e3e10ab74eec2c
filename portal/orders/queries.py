"""Read orders and their lines."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from models import Order, OrderItem
from portal.db import Keyset, Page, query, within
from portal.orders.rules import OrderUnknown
from portal.orders.status_rules import OrderStatus

ORDERS_PAGE = 25

_CODE_ORDERS = """
SELECT code, sum(orders)::bigint, sum(paid)::bigint, sum(refunded)::bigint FROM (
    SELECT code, orders, paid, refunded FROM code_order_totals WHERE code = ANY(%(codes)s)
    UNION ALL SELECT code, orders, paid, refunded FROM code_order_deltas WHERE code = ANY(%(codes)s)
) AS parts GROUP BY code
"""

# Whether a customer paid another order: as its buyer, or under another identity of the same buyer.
_OTHER_PAID_ORDER = """
EXISTS (SELECT FROM orders p WHERE p.store_id = {store} AND p.customer_id = {customer} AND {other})
OR EXISTS (
    SELECT FROM order_customers n JOIN orders p ON p.id = n.order_id WHERE n.customer_id = {customer} AND {other})
"""
_OTHER = """p.paid_at IS NOT NULL AND (p.total_minor > 0 OR p.paid_minor > 0) AND p.id IS DISTINCT FROM {order}
    AND ({paid_by}::timestamptz IS NULL OR p.paid_at <= {paid_by}::timestamptz)"""

# Two index scans: an OR across two tables would read every order. The index of orders begins with the store.
_ATTRIBUTED_AFTER = """
SELECT * FROM (
    SELECT * FROM orders WHERE store_id = %s AND customer_id = ANY(%s) AND paid_at > %s AND referral_code IS NOT NULL
    UNION
    SELECT o.* FROM order_customers n JOIN orders o ON o.id = n.order_id
    WHERE n.customer_id = ANY(%s) AND o.paid_at > %s AND o.referral_code IS NOT NULL
) AS later ORDER BY paid_at, id
"""


def other_paid_order(store: str, customer: str, order: str, paid_by: str) -> str:
    """Return the SQL condition that a customer paid another order by a time; the arguments are expressions."""
    other = _OTHER.format(order=order, paid_by=paid_by)
    return _OTHER_PAID_ORDER.format(store=store, customer=customer, other=other)


def get_order(order_id: str) -> Order:
    """Return an order; raise OrderUnknown."""
    return _require(Order.get_or_none(Order.id == order_id))


def get_order_of_buyer(order_id: str, buyer_user_id: int) -> Order:
    """Return a buyer's own order; raise OrderUnknown for any other."""
    return _require(Order.get_or_none((Order.id == order_id) & (Order.buyer == buyer_user_id)))


def get_order_by_reference(order_reference: str, buyer_user_id: int | None = None) -> Order:
    """Return the order of a reference, of one buyer where given; raise OrderUnknown."""
    is_visible = True if buyer_user_id is None else Order.buyer == buyer_user_id
    return _require(Order.get_or_none((Order.order_reference == order_reference) & is_visible))


def find_order_by_checkout_key(buyer_user_id: int, checkout_key: str) -> Order | None:
    """Return the order that a checkout form already created, or None."""
    return Order.get_or_none((Order.buyer == buyer_user_id) & (Order.checkout_key == checkout_key))


def list_orders_of_buyer(buyer_user_id: int, cursor: str | None = None) -> Page[Order]:
    """Return a page of a buyer's orders, newest first; raise CursorInvalid."""
    return list_order_ledger(buyer_user_id, None, None).page(cursor, ORDERS_PAGE)


def list_unpaid_orders_of_buyer(buyer_user_id: int, since: datetime) -> list[Order]:
    """Return a buyer's unpaid orders placed since a time, newest first, at most a page."""
    rows = Order.select().where(
        (Order.buyer == buyer_user_id) & (Order.status == OrderStatus.CREATED) & (Order.created_at >= since)
    )
    return list(rows.order_by(Order.created_at.desc(), Order.id).limit(ORDERS_PAGE))


def list_order_ledger(buyer_user_id: int, since: datetime | None, until: datetime | None) -> Keyset[Order]:
    """Return every order of a buyer placed in a period, newest first."""
    rows = within(Order.select().where(Order.buyer == buyer_user_id), Order.created_at, since, until)
    return Keyset(rows, Order.created_at, Order.id)


def list_order_items(order_id: str) -> list[OrderItem]:
    """Return an order's lines in the order they were written."""
    return list(OrderItem.select().where(OrderItem.order == order_id).order_by(OrderItem.id))


def list_items_of_orders(order_ids: Sequence[str]) -> dict[str, list[OrderItem]]:
    """Return the lines of several orders by order id, in one statement."""
    items: dict[str, list[OrderItem]] = {}
    for item in OrderItem.select().where(OrderItem.order.in_(list(order_ids))).order_by(OrderItem.id):
        items.setdefault(item.order_id, []).append(item)
    return items


def has_other_paid_order(
    store_id: int, customer_id: int, order_id: str | None, *, paid_by: datetime | None = None
) -> bool:
    """Return whether a customer of a store ever paid an order other than this one, by a time if given.

    Refunds do not undo it; an order of 0.00 is not a purchase.
    """
    values = {"store": store_id, "customer": customer_id, "order": order_id, "paid_by": paid_by}
    condition = other_paid_order("%(store)s", "%(customer)s", "%(order)s", "%(paid_by)s")
    return bool(query(f"SELECT {condition}", values)[0][0])


def list_attributed_orders_after(
    store_id: int, customer_ids: Sequence[int], paid_at: datetime
) -> list[Order]:
    """Return the attributed orders that customers of a store paid after a time, the earliest first."""
    ids = list(customer_ids)
    return list(Order.raw(_ATTRIBUTED_AFTER, store_id, ids, paid_at, ids, paid_at))


@dataclass(frozen=True)
class CodeOrders:
    """How many orders a code was credited with, how many of them were paid, and how many were fully refunded."""

    orders: int = 0
    paid: int = 0
    refunded: int = 0


def code_orders(codes: Sequence[str]) -> defaultdict[str, CodeOrders]:
    """Return the order counts of each code, zeros for one without orders.

    Exact at any moment: the folded totals plus the differences noted since, so the cost does not grow with the
    orders.
    """
    counts: defaultdict[str, CodeOrders] = defaultdict(CodeOrders)
    counts.update(
        (code, CodeOrders(*numbers)) for code, *numbers in query(_CODE_ORDERS, {"codes": list(codes)})
    )
    return counts


def list_item_names(order_ids: Sequence[str]) -> dict[tuple[str, int], list[tuple[int | None, str]]]:
    """Return the product, None for a store's own, and the name of each line: by order and vendor, in their order."""
    names: dict[tuple[str, int], list[tuple[int | None, str]]] = {}
    for item in OrderItem.select().where(OrderItem.order.in_(list(order_ids))).order_by(OrderItem.id):
        names.setdefault((item.order_id, item.vendor_id), []).append((item.product_id, item.name))
    return names


def _require(order: Order | None) -> Order:
    if order is None:
        raise OrderUnknown
    return order
