"""Apply a snapshot to its order: create or update it, pay it, book its refunds. The caller opens the transaction.

Locks: customers, then the order as its store reported it, then the payment and everything behind it.
See docs/rules/stores.md.
"""

from __future__ import annotations

from dataclasses import replace

from models import Customer, Order, StoreOrder
from portal.codes import label_form, note_label
from portal.db import Actor, record_event
from portal.flows.checkout.decide_paid import LedgerContext
from portal.flows.checkout.settle_payment import settle_locked
from portal.flows.stores.arrived import Arrived, Outcome, order_lines, store_state
from portal.flows.stores.attribute import known_buyer
from portal.flows.stores.book_refunds import book_refunds, require_known_lines
from portal.flows.stores.decide_report import decide_report
from portal.flows.stores.first_report import write_first_report
from portal.flows.stores.late_buyers import recognise_buyer
from portal.flows.stores.lock_report import LockedReport, lock_report
from portal.lib.errors import PortalError
from portal.orders import (
    OrderStatus,
    close_unpaid_order,
    get_order,
    lock_store_order,
    note_customers,
    replace_lines,
    save_store_order,
    set_link_label,
    set_placed_at,
    set_referral,
)
from portal.payments import EXTERNAL, open_payment
from portal.stores import (
    KnownSnapshot,
    PricedSnapshot,
    ensure_customers,
    merge,
    price_snapshot,
    require_lines_add_up,
    require_refund_lines,
    stored_snapshot,
    withdrawn_refunds,
)

# Notes of an outcome: facts that an admin should see. The texts are in portal/web/text.
CANCELLED_NOT_REFUNDED = "cancelled_not_refunded"
REFUND_WITHDRAWN = "refund_withdrawn"
PAID_CHANGED = "paid_changed"


class CurrencyChanged(PortalError):
    """The order was reported in another currency before; param `currency` is that one."""

    code = "currency_changed"


def apply_snapshot(arrived: Arrived, event_id: int | None = None) -> tuple[Outcome, bool]:
    """Bring an order to the state that its store reports; return what became of it, and whether its event waits.

    Raises CurrencyChanged, LinesDoNotAddUp, RefundLineUnknown and what `price_snapshot` raises, with nothing changed.
    """
    store, snapshot = arrived.store, arrived.known.snapshot
    priced = price_snapshot(snapshot, store.commission_base)
    locked = lock_report(store.id, snapshot.external_id, arrived.buyer, event_id)
    if locked.is_known:
        return apply_known_order(arrived), locked.is_waiting
    return _create(arrived, priced, locked), locked.is_waiting


def apply_known_order(arrived: Arrived) -> Outcome:
    """Apply a changed snapshot of an order that the caller has locked with its customers."""
    before = lock_store_order(arrived.store.id, arrived.known.snapshot.external_id)
    assert before is not None
    return _update(arrived, before)


def _create(arrived: Arrived, priced: PricedSnapshot, locked: LockedReport) -> Outcome:
    if priced.is_paid:
        require_lines_add_up(arrived.known.snapshot, priced.currency)
    require_refund_lines(priced)
    new = write_first_report(arrived, priced, locked)
    outcome = Outcome("created", new.id, new.order_reference)
    _follow(arrived, new.id, priced, outcome)
    return outcome


def _update(arrived: Arrived, before: StoreOrder) -> Outcome:
    order = get_order(before.order_id)
    if order.currency != arrived.known.snapshot.currency:
        raise CurrencyChanged(field="currency", currency=order.currency)
    previous = stored_snapshot(before.snapshot)
    merged = merge(previous, arrived.known)
    if merged is None:
        return Outcome("stale", order.id, order.order_reference)
    if merged.sha256 == before.snapshot_sha256:
        return Outcome("unchanged", order.id, order.order_reference)
    priced = price_snapshot(merged.snapshot, arrived.store.commission_base)
    require_known_lines(order, priced)
    outcome = Outcome("updated", order.id, order.order_reference)
    if order.paid_at is None:
        if priced.is_paid:
            require_lines_add_up(merged.snapshot, priced.currency)
        replace_lines(order.id, order_lines(arrived.store, priced))
    elif priced.is_paid and priced.paid_minor != order.paid_minor:
        outcome.note(PAID_CHANGED, paid=merged.snapshot.paid_amount)
    _note_withdrawn(arrived, order, previous, merged, outcome)
    save_store_order(order.id, store_state(merged))
    buyer = replace(known_buyer(merged), mailbox=arrived.buyer.mailbox)
    arrived = replace(arrived, known=merged, buyer=buyer)
    # Its customers are locked already, but for those that another report has named in the meantime.
    customers = ensure_customers(arrived.store.id, arrived.buyer.keys)
    if order.paid_at is None:
        _add_facts(arrived, order)
        _advance(arrived, get_order(order.id), priced, customers, outcome)
        return outcome
    # Refunds first: they lock the payment, which comes before the order.
    _advance(arrived, order, priced, customers, outcome)
    _add_facts(arrived, order)
    if merged.customer_keys != previous.customer_keys:
        recognise_buyer(get_order(order.id), arrived.store, arrived.buyer, customers, arrived.settings)
    return outcome


def _add_facts(arrived: Arrived, order: Order) -> None:
    """Give an order the time that its store reports now, and the label of its link if no report had it before."""
    if arrived.placed_at:
        set_placed_at(order.id, arrived.placed_at)
    label = label_form(arrived.known.snapshot.link_label)
    if label is None or order.link_label is not None:
        return
    set_link_label(order.id, label)
    if order.referral_code and order.paid_at is not None:
        note_label(order.referral_code, label)


def _advance(
    arrived: Arrived,
    order: Order,
    priced: PricedSnapshot,
    customers: list[Customer],
    outcome: Outcome,
) -> None:
    """Attribute, pay, refund or cancel an order whose newest state is stored."""
    if order.paid_at is None:
        note_customers(order, [customer.id for customer in customers])
        _attribute(arrived, order, priced, customers)
        if priced.is_paid:
            _pay(arrived, order, priced)
    _follow(arrived, order.id, priced, outcome)


def _follow(arrived: Arrived, order_id: str, priced: PricedSnapshot, outcome: Outcome) -> None:
    """Refund or cancel an order that is attributed and paid as far as its store reports."""
    if priced.refunds:
        book_refunds(order_id, priced, arrived.actor, outcome.note)
    if arrived.known.snapshot.status == "cancelled":
        _cancel(order_id, arrived.actor, outcome)


def _attribute(arrived: Arrived, order: Order, priced: PricedSnapshot, customers: list[Customer]) -> None:
    """Run the guards at first sight and again when paid; of the reports before payment the newest stands."""
    referral = decide_report(arrived, priced, customers, order)
    set_referral(order.id, referral)
    if referral.code and order.link_label:
        note_label(referral.code, order.link_label)


def _pay(arrived: Arrived, order: Order, priced: PricedSnapshot) -> None:
    payment = open_payment(
        order.order_reference,
        purpose="store_order",
        method=EXTERNAL,
        entity_id=order.id,
        user_id=None,
        amount_minor=priced.paid_minor,
        currency=order.currency,
        actor=arrived.actor,
    )
    context = LedgerContext(arrived.settings, arrived.market, arrived.actor)
    settle_locked(payment, context, paid_at=arrived.paid_at)


def _cancel(order_id: str, actor: Actor, outcome: Outcome) -> None:
    order = get_order(order_id)
    if order.status == OrderStatus.CREATED:
        close_unpaid_order(order_id, actor)
    elif order.status == OrderStatus.PAID:
        outcome.note(CANCELLED_NOT_REFUNDED)


def _note_withdrawn(
    arrived: Arrived, order: Order, previous: KnownSnapshot, merged: KnownSnapshot, outcome: Outcome
) -> None:
    for refund_id in withdrawn_refunds(previous.snapshot, merged.snapshot):
        outcome.note(REFUND_WITHDRAWN, refundId=refund_id)
        record_event(
            arrived.actor,
            "order",
            order.id,
            REFUND_WITHDRAWN,
            order_reference=order.order_reference,
            data={"refundId": refund_id},
        )
