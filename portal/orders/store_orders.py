"""Orders that connected stores reported, by the ids of the stores. See docs/rules/stores.md."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from peewee import fn

from models import Order, OrderCustomer, OrderItem, StoreOrder
from portal.db import Change, RowEvent, query, transaction
from portal.orders.operations import NewOrder, OrderReferral, add_lines, item_row
from portal.orders.rules import OrderLine
from portal.orders.status_rules import TRANSITIONS, UNPAID, OrderStatus

_REPORT = """
INSERT INTO orders (id, order_reference, store_id, customer_id, external_id, link_label, currency, total_minor, status,
    paid_at, paid_minor, referral_code, referrer_user_id, referrer_wallet, referral_reason, referral_trace, created_at)
SELECT id, order_reference, store_id, customer_id, external_id, link_label, currency, total_minor, status, paid_at,
    paid_minor, code, referrer_user_id, referrer_wallet, reason, trace, coalesce(created_at, now())
FROM new_order_rows
ON CONFLICT DO NOTHING
RETURNING id AS key, id, store_id, external_id AS reported_as
"""
# One look into the index for each store, however many orders it has.
_NEWEST = """
SELECT newest.order_id FROM unnest(%s::bigint[]) AS s (id), LATERAL (
    SELECT order_id FROM store_orders o WHERE o.store_id = s.id ORDER BY updated_at DESC, order_id LIMIT 1
) AS newest
"""
_REPORT_COLUMNS = """id text, order_reference text, store_id bigint, customer_id bigint, external_id text,
    link_label text, currency text, total_minor bigint, status text, paid_at timestamptz, paid_minor bigint, code text,
    referrer_user_id bigint, referrer_wallet text, reason text, trace jsonb,
    created_at timestamptz"""
_STORE_STATE = """
INSERT INTO store_orders (order_id, store_id, external_id, number, version, payment_key, snapshot, snapshot_sha256)
SELECT o.id, o.store_id, o.reported_as, r.number, r.version, r.payment_key, r.snapshot, r.snapshot_sha256
FROM new_order o, store_state_rows r
"""
_STATE_COLUMNS = "number text, version bigint, payment_key text, snapshot jsonb, snapshot_sha256 text"
_NAME_CUSTOMERS = """
INSERT INTO order_customers (customer_id, order_id)
SELECT r.customer_id, o.id FROM new_order o, named_rows r
ON CONFLICT DO NOTHING
"""
_PAID_WITH_REPORT = "SELECT key, id FROM new_order"


@dataclass(frozen=True)
class StoreState:
    """The newest state of an order as its store reports it, with the hash of its content."""

    number: str
    version: int
    payment_key: str | None
    snapshot: dict[str, Any]
    snapshot_sha256: str


def report_order(
    new: NewOrder,
    lines: Sequence[OrderLine],
    referral: OrderReferral,
    state: StoreState,
    other_customers: Sequence[int],
    paid_at: datetime | None,
    paid_minor: int,
) -> list[Change]:
    """Return the changes that write an order in the state of its first report, with the decision about its referral.

    `paid_minor` is what the buyer paid, in minor units of the order's currency. Its key is the id. Nothing is written
    where the store has used its id before. Of a paid order, `pay_reported_order` is due after the payment.
    """
    event = RowEvent(
        new.id, "order_created", to_status=OrderStatus.CREATED, order_reference=new.order_reference
    )
    row = {
        **vars(new),
        **vars(referral),
        "total_minor": sum(line.subtotal_minor for line in lines),
        "status": OrderStatus.CREATED if paid_at is None else TRANSITIONS["pay"].to_status,
        "paid_at": paid_at,
        "paid_minor": paid_minor,
    }
    changes = [
        Change("new_order", _REPORT, _REPORT_COLUMNS, [row], "order", [event]),
        add_lines(new.id, lines),
        Change("store_state", _STORE_STATE, _STATE_COLUMNS, [vars(state)]),
    ]
    if other_customers:
        named = [{"customer_id": each} for each in other_customers]
        changes.append(Change("named", _NAME_CUSTOMERS, "customer_id bigint", named))
    return changes


def pay_reported_order(new: NewOrder) -> Change:
    """Return the change that records that an order was paid when it was reported first; its key is the id."""
    pay = TRANSITIONS["pay"]
    event = RowEvent(
        new.id,
        pay.event,
        from_status=OrderStatus.CREATED,
        to_status=pay.to_status,
        order_reference=new.order_reference,
    )
    return Change("paid_with_report", _PAID_WITH_REPORT, entity="order", events=[event])


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
    newest = [order_id for (order_id,) in query(_NEWEST, [sorted(set(store_ids))])]
    return {row.store_id: row for row in StoreOrder.select().where(StoreOrder.order.in_(newest))}


def lock_store_order(store_id: int, external_id: str) -> StoreOrder | None:
    """Return what a store last reported of an order, locked until the transaction ends, or None."""
    rows = StoreOrder.select().where((StoreOrder.store == store_id) & (StoreOrder.external_id == external_id))
    order: StoreOrder | None = rows.for_update().first()
    return order


def save_store_order(order_id: str, state: StoreState) -> None:
    """Store the newest state of an order that was reported before; the caller has decided that it is the newest."""
    StoreOrder.update(**vars(state), updated_at=fn.now()).where(StoreOrder.order == order_id).execute()


def note_customers(order: Order, customer_ids: Iterable[int]) -> None:
    """Record by what else the buyer of an order is known: an id beside an address, or what a later report says."""
    others = [{"customer": each, "order": order.id} for each in customer_ids if each != order.customer_id]
    if others:
        OrderCustomer.insert_many(others).on_conflict_ignore().execute()


def set_placed_at(order_id: str, placed_at: datetime) -> None:
    """Store when an order was placed by the clock of its store."""
    Order.update(created_at=placed_at).where(
        (Order.id == order_id) & (Order.created_at != placed_at)
    ).execute()


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


def refunded_lines_by_vendor(order_id: str) -> dict[int, list[int]]:
    """Return what refunds took back of each line, in minor units in the order of the lines, of vendors they name."""
    return dict(
        query(
            """SELECT vendor_id, array_agg(refunded_minor ORDER BY id) FROM order_items
               WHERE order_id = %s GROUP BY 1 HAVING sum(refunded_minor) > 0""",
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
