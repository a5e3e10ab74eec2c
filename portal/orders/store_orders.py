"""Orders that connected stores reported, by the ids of the stores. See docs/rules/stores.md."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from peewee import fn

from models import Order, OrderCustomer, OrderItem, StoreOrder
from portal.db import query, transaction
from portal.orders.operations import item_row
from portal.orders.rules import OrderLine
from portal.orders.status_rules import UNPAID

_REPORTED = """
SELECT o.*, s.snapshot_sha256, s.snapshot -> 'customerKeys' AS customer_keys
FROM store_orders s JOIN orders o ON o.id = s.order_id
WHERE s.store_id = %s AND s.external_id = %s
"""


@dataclass(frozen=True)
class ReportedOrder:
    """An order of a store, the hash of its stored state, and the keys by which its buyer is known."""

    order: Order
    snapshot_sha256: str
    customer_keys: tuple[str, ...]


def find_reported_order(store_id: int, external_id: str) -> ReportedOrder | None:
    """Return an order by the store's id with what identifies its last report, or None."""
    # Every report reads this first. Building the statement from models takes longer than running it.
    row = next(iter(Order.raw(_REPORTED, store_id, external_id)), None)
    return row and ReportedOrder(row, row.snapshot_sha256, tuple(row.customer_keys))


def find_store_order(store_id: int, external_id: str) -> StoreOrder | None:
    """Return what a store last reported of an order, or None."""
    return StoreOrder.get_or_none((StoreOrder.store == store_id) & (StoreOrder.external_id == external_id))


def find_store_order_by_payment(store_id: int, payment_key: str) -> StoreOrder | None:
    """Return what a store last reported of the order with this payment, or None."""
    rows = StoreOrder.select().where((StoreOrder.store == store_id) & (StoreOrder.payment_key == payment_key))
    order: StoreOrder | None = rows.order_by(StoreOrder.updated_at.desc()).first()
    return order


def numbers_of_orders(store_id: int, external_ids: Iterable[str]) -> dict[str, str]:
    """Return the numbers by which a store shows some of its orders to people, by external id."""
    ids = sorted(set(external_ids))
    rows = StoreOrder.select(StoreOrder.external_id, StoreOrder.number).where(
        (StoreOrder.store == store_id) & StoreOrder.external_id.in_(ids)
    )
    return {row.external_id: row.number for row in rows}


def newest_store_orders(store_ids: Iterable[int]) -> dict[int, StoreOrder]:
    """Return the order that changed last of each of some stores, by store."""
    rows = (
        StoreOrder.select()
        .where(StoreOrder.store.in_(sorted(set(store_ids))))
        .order_by(StoreOrder.store, StoreOrder.updated_at.desc())
        .distinct(StoreOrder.store)
    )
    return {row.store_id: row for row in rows}


def lock_store_order(store_id: int, external_id: str) -> StoreOrder | None:
    """Return what a store last reported of an order, locked until the transaction ends, or None."""
    rows = StoreOrder.select().where((StoreOrder.store == store_id) & (StoreOrder.external_id == external_id))
    order: StoreOrder | None = rows.for_update().first()
    return order


def save_store_order(
    order_id: str,
    store_id: int,
    external_id: str,
    *,
    number: str,
    version: int,
    payment_key: str | None,
    snapshot: dict[str, Any],
    snapshot_sha256: str,
) -> None:
    """Store the newest state of an order; the caller has decided that it is the newest."""
    state = {
        "number": number,
        "version": version,
        "payment_key": payment_key,
        "snapshot": snapshot,
        "snapshot_sha256": snapshot_sha256,
    }
    StoreOrder.insert(order=order_id, store=store_id, external_id=external_id, **state).on_conflict(
        conflict_target=[StoreOrder.order],
        update={**state, "updated_at": fn.now()},
    ).execute()


def note_customers(order: Order, customer_ids: Iterable[int]) -> None:
    """Record by what else the buyer of an order is known: an id beside an address, or what a later report says."""
    others = [{"customer": each, "order": order.id} for each in customer_ids if each != order.customer_id]
    if others:
        OrderCustomer.insert_many(others).on_conflict_ignore().execute()


def set_link_label(order_id: str, label: str) -> None:
    """Store the label of the link that brought an order, which no report had before."""
    Order.update(link_label=label).where((Order.id == order_id) & Order.link_label.is_null()).execute()


def replace_lines(order_id: str, lines: Sequence[OrderLine]) -> bool:
    """Give an unpaid order the lines that its store reports now, and their sum; return whether it was unpaid."""
    with transaction():
        changed = (
            Order.update(total_minor=sum(line.subtotal_minor for line in lines))
            .where((Order.id == order_id) & Order.status.in_(UNPAID))
            .execute()
        )
        if changed:
            OrderItem.delete().where(OrderItem.order == order_id).execute()
            if lines:
                OrderItem.insert_many([item_row(order_id, line) for line in lines]).execute()
    return bool(changed)


def count_refunded_goods(order_id: str, goods_minor: int, *, is_all: bool) -> None:
    """Add to what refunds took back of an order's commissionable total, never more than the total."""
    query(
        """UPDATE orders SET refunded_minor = CASE WHEN %s THEN total_minor
               ELSE least(total_minor, refunded_minor + %s) END WHERE id = %s RETURNING id""",
        [is_all, goods_minor, order_id],
    )


def note_refunded_lines(order_id: str, by_line: Mapping[str, int]) -> None:
    """Store how much of each line the refunds of a connected store name now, by the store's ids."""
    query(
        """UPDATE order_items i SET refunded_minor = least(i.subtotal_minor, coalesce(n.minor, 0))
           FROM order_items all_lines
           LEFT JOIN unnest(%s::text[], %s::bigint[]) AS n (external_id, minor)
               ON n.external_id = all_lines.external_id
           WHERE all_lines.id = i.id AND i.order_id = %s RETURNING i.id""",
        [list(by_line), list(by_line.values()), order_id],
    )


def refunded_by_vendor(order_id: str) -> dict[int, int]:
    """Return what refunds took back of lines they name, per vendor in minor units."""
    return dict(
        query(
            """SELECT vendor_id, sum(refunded_minor)::bigint FROM order_items
               WHERE order_id = %s AND refunded_minor > 0 GROUP BY 1""",
            [order_id],
        )
    )


def clear_order_customers(store_id: int, customer_ids: Sequence[int]) -> list[str]:
    """Take the buyer out of what is stored of the orders of a store's customers; return the store's ids of the orders.

    The hash of the last report stays, so that the same report again brings nothing back.
    """
    rows = query(
        """WITH theirs AS (
               SELECT id FROM orders WHERE store_id = %(store)s AND customer_id = ANY(%(customers)s)
               UNION SELECT order_id FROM order_customers WHERE customer_id = ANY(%(customers)s)
           )
           UPDATE store_orders SET snapshot = snapshot || jsonb_build_object(
               'customer', '{}'::jsonb, 'customerKeys', jsonb_build_array('order:' || external_id))
           WHERE order_id IN (SELECT id FROM theirs) RETURNING external_id""",
        {"store": store_id, "customers": list(customer_ids)},
    )
    return [row[0] for row in rows]
