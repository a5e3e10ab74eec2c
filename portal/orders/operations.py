"""Create orders and change their state."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg2.extras import Json

from models import Order
from portal.db import Actor, Change, RowEvent, change_together, move_status, query, record_event, transaction
from portal.orders.rules import OrderLine
from portal.orders.status_rules import TRANSITIONS, UNPAID, OrderStatus

_FOLD = """
WITH folded AS (DELETE FROM code_order_deltas RETURNING code, orders, paid, refunded)
INSERT INTO code_order_totals AS t (code, orders, paid, refunded)
SELECT code, sum(orders), sum(paid), sum(refunded) FROM folded GROUP BY 1
ON CONFLICT (code) DO UPDATE SET orders = t.orders + excluded.orders, paid = t.paid + excluded.paid,
    refunded = t.refunded + excluded.refunded
RETURNING t.code
"""


_PAY = """
UPDATE orders o SET status = r.to_status, paid_at = r.paid_at, paid_minor = r.paid_minor{referral}
FROM {name}_rows r
WHERE o.id = r.id AND o.status = r.from_status
RETURNING o.id AS key, o.id
"""
_PAY_COLUMNS = "id text, from_status text, to_status text, paid_at timestamptz, paid_minor bigint"
_REFERRAL = """, referral_code = r.code, referrer_user_id = r.referrer_user_id, referrer_wallet = r.referrer_wallet,
    referral_reason = r.reason, referral_trace = r.trace"""
_REFERRAL_COLUMNS = ", code text, referrer_user_id bigint, referrer_wallet text, reason text, trace jsonb"
_SET_REFERRAL = """
UPDATE orders SET referral_code = %(code)s, referrer_user_id = %(referrer_user_id)s,
    referrer_wallet = %(referrer_wallet)s, referral_reason = %(reason)s, referral_trace = %(trace)s
WHERE id = %(order_id)s
"""
_CREATE = """
INSERT INTO orders (id, order_reference, store_id, customer_id, buyer_user_id, total_minor, currency, checkout_key,
    external_id, link_label)
SELECT id, order_reference, store_id, customer_id, buyer_user_id, total_minor, currency, checkout_key, external_id,
    link_label
FROM new_order_rows
ON CONFLICT DO NOTHING
RETURNING id AS key, id
"""
_CREATE_COLUMNS = """id text, order_reference text, store_id bigint, customer_id bigint, buyer_user_id bigint,
    total_minor bigint, currency text, checkout_key text, external_id text, link_label text"""
_ADD_LINES = """
INSERT INTO order_items (order_id, product_id, vendor_id, sku, name, quantity, unit_price_minor, subtotal_minor,
    external_id, net_minor)
SELECT order_id, product_id, vendor_id, sku, name, quantity, unit_price_minor, subtotal_minor, external_id, net_minor
FROM new_lines_rows WHERE order_id IN (SELECT id FROM new_order)
ORDER BY place
"""
_LINE_COLUMNS = """order_id text, product_id bigint, vendor_id bigint, sku text, name text, quantity integer,
    unit_price_minor bigint, subtotal_minor bigint, external_id text, net_minor bigint"""


@dataclass(frozen=True)
class OrderReferral:
    """To whom an order is credited, or the reason why to nobody, with the decision trace."""

    code: str | None
    referrer_user_id: int | None
    referrer_wallet: str | None
    reason: str | None
    trace: list[dict[str, Any]]


@dataclass(frozen=True)
class NewOrder:
    """What an order starts with; `buyer_user_id` is None where no account of this portal buys.

    `created_at` is when it was placed, None for now.
    """

    id: str
    order_reference: str
    store_id: int
    customer_id: int
    buyer_user_id: int | None
    currency: str
    checkout_key: str | None = None
    external_id: str | None = None
    link_label: str | None = None
    created_at: datetime | None = None


class CheckoutKeyUsed(Exception):
    """The buyer has an order with this checkout key, or the store one with this id; the flow returns that order."""


def create_order(new: NewOrder, lines: Sequence[OrderLine], actor: Actor) -> Order:
    """Write an order and its lines with status created; its total is the sum of the lines in minor units.

    Raises CheckoutKeyUsed for a checkout key that the buyer used before, or an id that the store used before.
    """
    event = RowEvent(
        new.id, "order_created", to_status=OrderStatus.CREATED, order_reference=new.order_reference
    )
    row = {**vars(new), "total_minor": sum(line.subtotal_minor for line in lines)}
    changes = [
        Change("new_order", _CREATE, _CREATE_COLUMNS, [row], "order", [event]),
        add_lines(new.id, lines),
    ]
    with transaction():
        if not change_together(changes, actor):
            raise CheckoutKeyUsed
    return Order.get_by_id(new.id)


def add_lines(order_id: str, lines: Sequence[OrderLine]) -> Change:
    """Return the change that writes the lines of an order that is new in the same statement (`new_order`)."""
    return Change("new_lines", _ADD_LINES, _LINE_COLUMNS, [item_row(order_id, line) for line in lines])


def item_row(order_id: str, line: OrderLine) -> dict[str, Any]:
    """Return the columns of a line."""
    return {
        "order_id": order_id,
        "product_id": line.product_id,
        "vendor_id": line.vendor_id,
        "sku": line.sku,
        "name": line.name,
        "quantity": line.quantity,
        "unit_price_minor": line.unit_price_minor,
        "subtotal_minor": line.subtotal_minor,
        "external_id": line.external_id,
        "net_minor": line.net_minor,
    }


def attribute_order(
    order_id: str, code: str, referrer_user_id: int, referrer_wallet: str, trace: list[dict[str, Any]]
) -> None:
    """Credit an order to a code's owner, with the decision trace."""
    set_referral(order_id, OrderReferral(code, referrer_user_id, referrer_wallet, None, trace))


def drop_attribution(order_id: str, reason: str, trace: list[dict[str, Any]]) -> None:
    """Leave an order uncredited, with the reason and the decision trace."""
    set_referral(order_id, OrderReferral(None, None, None, reason, trace))


def set_referral(order_id: str, referral: OrderReferral) -> None:
    """Store to whom an order is credited, or why to nobody."""
    query(_SET_REFERRAL, {"order_id": order_id, **vars(referral), "trace": Json(referral.trace)})


def move_orders(code: str, sender: int, receiver: int, *, but: Collection[str]) -> int:
    """Credit the orders of a code to another referrer, except some references; return how many."""
    mine = (Order.referral_code == code) & (Order.referrer_user_id == sender)
    movable = mine & Order.order_reference.not_in(list(but)) if but else mine
    return int(Order.update(referrer_user_id=receiver).where(movable).execute())


def lock_orders_of_code(code: str) -> None:
    """Lock the orders of a code until the transaction ends; lock them before the code."""
    Order.select(Order.id).where(Order.referral_code == code).order_by(Order.id).for_update().execute()


def set_order_wallets(code: str, referrer_user_id: int, wallet: str) -> int:
    """Set the wallet, in stored form, of a referrer's orders for a code that have none; return how many."""
    waiting = (Order.referral_code == code) & (Order.referrer_wallet == "")
    changed = Order.update(referrer_wallet=wallet).where(
        waiting & (Order.referrer_user_id == referrer_user_id)
    )
    return int(changed.execute())


def lock_order(order_id: str) -> None:
    """Lock an order until the transaction ends; lock it before its products."""
    Order.select(Order.id).where(Order.id == order_id).for_update().execute()


def change_reference(order_id: str, order_reference: str, actor: Actor) -> bool:
    """Give an unpaid order the reference of another payment attempt; return whether it was unpaid."""
    with transaction():
        before = Order.get_by_id(order_id).order_reference
        changed = (
            Order.update(order_reference=order_reference)
            .where((Order.id == order_id) & Order.status.in_(UNPAID))
            .execute()
        )
        if changed:
            record_event(
                actor,
                "order",
                order_id,
                "order_reference_changed",
                order_reference=order_reference,
                data={"before": before},
            )
    return bool(changed)


def pay_order(
    order_id: str,
    order_reference: str,
    status: str,
    *,
    paid_at: datetime,
    paid_minor: int,
    referral: OrderReferral | None,
) -> Change:
    """Return the change by which an unpaid order becomes paid, with a new decision about its referral if there is one.

    `paid_minor` is what the buyer paid, in minor units of the order's currency. Its key is the id.
    """
    transition = TRANSITIONS["pay"]
    event = RowEvent(
        order_id,
        transition.event,
        from_status=status,
        to_status=transition.to_status,
        order_reference=order_reference,
    )
    row = {
        "id": order_id,
        "from_status": status,
        "to_status": transition.to_status,
        "paid_at": paid_at,
        "paid_minor": paid_minor,
    }
    if referral is None:
        sql = _PAY.format(name="paid_order", referral="")
        return Change("paid_order", sql, _PAY_COLUMNS, [row], "order", [event])
    sql = _PAY.format(name="credited_order", referral=_REFERRAL)
    columns = _PAY_COLUMNS + _REFERRAL_COLUMNS
    return Change("credited_order", sql, columns, [row | vars(referral)], "order", [event])


def close_unpaid_order(order_id: str, actor: Actor, *, expired: bool = False) -> bool:
    """Cancel an order that waits for its payment, or let it expire; return whether this call did it."""
    move = TRANSITIONS["expire" if expired else "cancel"]
    return move_status(Order, order_id, move, entity="order", actor=actor)


def mark_order_refunded(order_id: str, actor: Actor) -> bool:
    """Mark a paid order refunded once; return whether this call did it."""
    return move_status(
        Order,
        order_id,
        TRANSITIONS["refund"],
        entity="order",
        actor=actor,
    )


def fold_code_orders() -> int:
    """Fold the noted differences into the totals of their codes; return how many codes changed.

    One statement: a reader sees the differences or the totals, never both and never neither.
    """
    return len(query(_FOLD))
