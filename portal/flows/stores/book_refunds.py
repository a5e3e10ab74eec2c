"""Book what a store has refunded: by the cumulative total of its newest snapshot. See docs/rules/stores.md."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from models import Order, OrderItem
from portal.db import Actor
from portal.flows.refunds.refund_payment import refund_locked
from portal.lib.money import major_text, round_half_up
from portal.orders import get_order, list_order_items, note_refunded_lines
from portal.payments import find_and_lock_payment, list_refunds, record_refund
from portal.stores import PricedSnapshot, SoldLine, refunded_goods, refunded_lines, require_refund_lines


def book_refunds(order_id: str, priced: PricedSnapshot, actor: Actor, note: Callable[..., None]) -> None:
    """Book the difference between what the store has refunded in all and what is booked.

    Nothing is booked before the order is paid, nor beyond what was paid less what an admin has corrected; nothing is
    given back by itself. What a refund takes of the commissionable total follows its lines, or its share of what was
    paid.
    """
    order = get_order(order_id)
    payment = find_and_lock_payment(order.order_reference)
    if payment is None or payment.paid_at is None:
        return
    rows = list_refunds(order.order_reference)
    corrections = [row for row in rows if row.source == "admin" and row.status == "applied"]
    corrected = sum(row.amount_minor for row in corrections)
    limit = payment.amount_minor - corrected
    cash = min(priced.refunded_minor, limit) - (payment.refunded_minor - corrected)
    if priced.refunded_minor > limit:
        note("refund_exceeds", refunded=major_text(priced.refunded_minor, order.currency))
    if cash <= 0:
        return
    sold = _sold_lines(order, priced)
    goods = refunded_goods(sold, priced.refunds, order.total_minor, payment.amount_minor)
    booked_goods = order.refunded_minor - sum(row.goods_minor or 0 for row in corrections)
    booked = {row.external_id for row in rows}
    new = [refund for refund in priced.refunds if refund.id not in booked]
    # The one refund that explains the difference has its id; a difference of several has none.
    same = [refund for refund in new if refund.amount_minor == cash][-1:]
    reasons = [refund.reason for refund in same or new if refund.reason]
    refund = record_refund(
        payment,
        cash,
        "requested",
        actor,
        source="store",
        goods_minor=max(0, goods - booked_goods),
        external_id=same[0].id if same else None,
        reason=reasons[-1] if reasons else None,
    )
    note_refunded_lines(order.id, refunded_lines(sold, priced.refunds))
    refund_locked(payment, refund, actor)


def require_known_lines(order: Order, priced: PricedSnapshot) -> None:
    """Raise RefundLineUnknown for a refund of a line that its order neither has now nor had when it was paid."""
    sold = _sold_lines(order, priced) if order.paid_at is not None else []
    require_refund_lines(priced, [line.external_id for line in sold])


def _sold_lines(order: Order, priced: PricedSnapshot) -> list[SoldLine]:
    """Return the lines of an order as both ledgers were computed from them: the payment freezes them.

    Stores take refunded pieces off their lines, or change them otherwise.
    """
    if not any(refund.lines for refund in priced.refunds):
        return []
    now = {line.external_id: line for line in priced.lines}
    return [
        SoldLine(item.external_id, _net_when_sold(item, now.get(item.external_id)), item.subtotal_minor)
        for item in list_order_items(order.id)
        if item.external_id is not None
    ]


def _net_when_sold(item: OrderItem, now: SoldLine | None) -> int:
    """Return what a line cost before tax; one that an earlier release wrote has the rate of tax that it has now."""
    if item.net_minor is not None:
        return int(item.net_minor)
    if now is None or not now.subtotal_minor:
        return int(item.subtotal_minor)
    return round_half_up(Fraction(item.subtotal_minor * now.net_minor, now.subtotal_minor))
