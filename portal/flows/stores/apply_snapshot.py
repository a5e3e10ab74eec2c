"""Apply a snapshot to its order: create or update it, pay it, book its refunds. The caller opens the transaction.

Locks: customers, then the order as its store reported it, then the payment and everything behind it.
See docs/rules/stores.md.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from models import Customer, Order, Store, StoreOrder
from portal.codes import label_form, note_label, resolve_code
from portal.db import Actor, record_event
from portal.flows.checkout.decide_attribution import staged_trace
from portal.flows.checkout.decide_paid import LedgerContext
from portal.flows.checkout.settle_payment import settle_locked
from portal.flows.checkout.size_reward import Market
from portal.flows.stores.attribute import StoreBuyer, choose_store_code, decide_store_attribution, known_buyer
from portal.flows.stores.book_refunds import book_refunds
from portal.flows.stores.late_buyers import recognise_buyer
from portal.flows.stores.late_orders import NOT_FIRST, withdraw_later_attribution
from portal.lib.clock import epoch_milliseconds, utc_now
from portal.lib.errors import PortalError
from portal.lib.ids import random_text
from portal.orders import (
    NewOrder,
    OrderLine,
    OrderStatus,
    attribute_order,
    close_unpaid_order,
    create_order,
    drop_attribution,
    get_order,
    lock_store_order,
    note_customers,
    replace_lines,
    save_store_order,
    set_link_label,
)
from portal.payments import EXTERNAL, build_order_reference, open_payment
from portal.settings import Settings
from portal.stores import (
    KnownSnapshot,
    PricedSnapshot,
    assign_vendors,
    ensure_customers,
    merge,
    price_snapshot,
    require_lines_add_up,
    stored_snapshot,
    withdrawn_refunds,
)
from portal.stores.snapshots import OrderSnapshot

ORDER_ID_LENGTH = 14
# Notes of an outcome: facts that an admin should see. The texts are in portal/web/text.
CANCELLED_NOT_REFUNDED = "cancelled_not_refunded"
REFUND_WITHDRAWN = "refund_withdrawn"
PAID_CHANGED = "paid_changed"


class CurrencyChanged(PortalError):
    """The order was reported in another currency before; param `currency` is that one."""

    code = "currency_changed"


@dataclass(frozen=True)
class Arrived:
    """A snapshot of a store as it is applied, with the prices that were read before anything was locked."""

    store: Store
    known: KnownSnapshot
    buyer: StoreBuyer
    settings: Settings
    market: Market

    @property
    def actor(self) -> Actor:
        return Actor(f"store:{self.store.id}")


@dataclass
class Outcome:
    """What became of a snapshot: `notes` are codes with their values, for people."""

    result: str
    order_id: str
    order_reference: str
    notes: list[dict[str, Any]] = field(default_factory=list)

    def note(self, code: str, **values: Any) -> None:
        """Add a fact that an admin should see."""
        self.notes.append({"code": code, **values})


def apply_snapshot(arrived: Arrived) -> Outcome:
    """Bring an order to the state that its store reports, and return what became of it.

    Raises CurrencyChanged, LinesDoNotAddUp and what `price_snapshot` raises, with nothing changed.
    """
    store, snapshot = arrived.store, arrived.known.snapshot
    priced = price_snapshot(snapshot, store.commission_base)
    customers = ensure_customers(store.id, arrived.buyer.keys)
    before = lock_store_order(store.id, snapshot.external_id)
    if before is None:
        return _create(arrived, priced, customers)
    return _update(arrived, before)


def apply_known_order(arrived: Arrived) -> Outcome:
    """Apply a changed snapshot of an order that the caller has locked with its customers."""
    before = lock_store_order(arrived.store.id, arrived.known.snapshot.external_id)
    assert before is not None
    return _update(arrived, before)


def _create(arrived: Arrived, priced: PricedSnapshot, customers: list[Customer]) -> Outcome:
    snapshot = arrived.known.snapshot
    if priced.is_paid:
        require_lines_add_up(snapshot, priced.currency)
    order_id = random_text(ORDER_ID_LENGTH)
    new_order = NewOrder(
        id=order_id,
        order_reference=build_order_reference(order_id, epoch_milliseconds(utc_now())),
        store_id=arrived.store.id,
        customer_id=customers[0].id,
        buyer_user_id=None,
        currency=priced.currency,
        external_id=snapshot.external_id,
        link_label=label_form(snapshot.link_label),
    )
    order = create_order(new_order, _order_lines(arrived, priced), arrived.actor)
    _save(arrived, order.id, arrived.known)
    outcome = Outcome("created", order.id, order.order_reference)
    _advance(arrived, order, priced, customers, outcome)
    return outcome


def _update(arrived: Arrived, before: StoreOrder) -> Outcome:
    order = get_order(before.order_id)
    if order.currency != arrived.known.snapshot.currency.upper():
        raise CurrencyChanged(field="currency", currency=order.currency)
    previous = stored_snapshot(before.snapshot)
    merged = merge(previous, arrived.known)
    if merged is None:
        return Outcome("stale", order.id, order.order_reference)
    if merged.sha256 == before.snapshot_sha256:
        return Outcome("unchanged", order.id, order.order_reference)
    priced = price_snapshot(merged.snapshot, arrived.store.commission_base)
    outcome = Outcome("updated", order.id, order.order_reference)
    if order.paid_at is None:
        if priced.is_paid:
            require_lines_add_up(merged.snapshot, priced.currency)
        replace_lines(order.id, _order_lines(arrived, priced))
    elif priced.is_paid and priced.paid_minor != order.paid_minor:
        outcome.note(PAID_CHANGED, paid=merged.snapshot.paid_amount)
    _note_withdrawn(arrived, order, previous, merged, outcome)
    _save(arrived, order.id, merged)
    arrived = replace(arrived, known=merged, buyer=known_buyer(merged))
    # Its customers are locked already, but for those that another report has named in the meantime.
    customers = ensure_customers(arrived.store.id, arrived.buyer.keys)
    if order.paid_at is None:
        _add_label(order, merged.snapshot)
        _advance(arrived, get_order(order.id), priced, customers, outcome)
        return outcome
    # Refunds first: they lock the payment, which comes before the order.
    _advance(arrived, order, priced, customers, outcome)
    _add_label(order, merged.snapshot)
    if merged.customer_keys != previous.customer_keys:
        recognise_buyer(get_order(order.id), arrived.store, arrived.buyer, customers, arrived.settings)
    return outcome


def _add_label(order: Order, snapshot: OrderSnapshot) -> None:
    """Give an order the label of its link if no report had it before."""
    label = label_form(snapshot.link_label)
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
    snapshot = arrived.known.snapshot
    if order.paid_at is None:
        note_customers(order, [customer.id for customer in customers])
        _attribute(arrived, order, priced, customers)
        if priced.is_paid:
            _pay(arrived, order, priced)
    if priced.refunds:
        book_refunds(order.id, priced, arrived.actor, outcome.note)
    if snapshot.status == "cancelled":
        _cancel(order.id, arrived.actor, outcome)


def _attribute(arrived: Arrived, order: Order, priced: PricedSnapshot, customers: list[Customer]) -> None:
    """Run the guards at first sight and again when paid; of the reports before payment the newest stands."""
    code, source = choose_store_code(arrived.store, arrived.known.snapshot)
    if code and order.referral_code and resolve_code(code) is None:
        # Its alias ended after the order was placed.
        code = order.referral_code
    paid_at = _paid_at(arrived) if priced.is_paid else None
    attribution = decide_store_attribution(
        arrived.store,
        arrived.buyer,
        customers,
        code,
        source,
        arrived.settings,
        order_id=order.id,
        paid_at=paid_at,
    )
    decision = attribution.decision
    trace = staged_trace(decision, "order")
    is_purchase = priced.total_minor > 0 or priced.paid_minor > 0
    if paid_at is not None and is_purchase:
        is_first = withdraw_later_attribution(customers, paid_at, arrived.actor)
        if attribution.code is not None and not is_first:
            trace[-1] |= {"passed": False, "reason": NOT_FIRST}
            drop_attribution(order.id, NOT_FIRST, trace)
            return
    if attribution.code is None:
        drop_attribution(order.id, decision.reason or "no_code", trace)
        return
    row = attribution.code
    attribute_order(order.id, row.code, row.owner_user_id, row.wallet_address, trace)
    if order.link_label:
        note_label(row.code, order.link_label)


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
    settle_locked(payment, context, paid_at=_paid_at(arrived))


def _paid_at(arrived: Arrived) -> datetime:
    """Return when the store was paid; a clock that is ahead does not move it into the future."""
    now = utc_now()
    return min(arrived.known.snapshot.paid_at or now, now)


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


def _save(arrived: Arrived, order_id: str, known: KnownSnapshot) -> None:
    snapshot = known.snapshot
    save_store_order(
        order_id,
        arrived.store.id,
        snapshot.external_id,
        number=snapshot.number or snapshot.external_id,
        version=snapshot.version,
        payment_key=snapshot.payment_key,
        snapshot=known.as_json(),
        snapshot_sha256=known.sha256,
    )


def _order_lines(arrived: Arrived, priced: PricedSnapshot) -> list[OrderLine]:
    store = arrived.store
    assert store.default_vendor_id is not None
    vendors = assign_vendors(store, [line.vendor for line in priced.lines if line.vendor])
    return [
        OrderLine(
            product_id=None,
            vendor_id=vendors[line.vendor] if line.vendor else store.default_vendor_id,
            sku=line.sku,
            name=line.name,
            quantity=line.quantity,
            unit_price_minor=None,
            subtotal_minor=line.subtotal_minor,
            external_id=line.external_id,
        )
        for line in priced.lines
    ]
