"""Write an order that a store reports for the first time: with its payment and both ledgers by one statement.

See docs/rules/stores.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from models import Customer
from portal.codes import label_form, note_label
from portal.db import Change
from portal.flows.checkout.decide_paid import LedgerContext, decide_referral, referred
from portal.flows.checkout.paid_parts import OrderLedgers
from portal.flows.checkout.write_paid import PaidEvent, Rows, write_paid, write_payment
from portal.flows.stores.arrived import Arrived, order_lines, store_state
from portal.flows.stores.decide_report import decide_report
from portal.flows.stores.lock_report import LockedReport
from portal.flows.stores.read_sale import read_sale
from portal.flows.webhooks.publish import publish_attribution
from portal.lib.clock import epoch_milliseconds, utc_now
from portal.lib.ids import random_text
from portal.orders import (
    CheckoutKeyUsed,
    NewOrder,
    OrderLine,
    OrderReferral,
    StoreState,
    pay_reported_order,
    report_order,
)
from portal.payments import build_order_reference, report_payment
from portal.stores import PricedSnapshot

ORDER_ID_LENGTH = 14


@dataclass(frozen=True)
class ReportPart:
    """The order of a first report with its lines and its state, and its payment if it is paid.

    `others` are further customers that the same buyer is known as.
    """

    order: NewOrder
    lines: Sequence[OrderLine]
    referral: OrderReferral
    others: Sequence[int]
    state: StoreState
    paid_minor: int
    paid_at: datetime | None
    has_endpoints: bool

    def changes(self) -> Sequence[Change]:
        order, paid_at, paid_minor = self.order, self.paid_at, self.paid_minor
        changes = report_order(order, self.lines, self.referral, self.state, self.others, paid_at, paid_minor)
        if paid_at is not None:
            reference = order.order_reference
            changes.append(report_payment(reference, order.id, paid_minor, order.currency, paid_at))
            changes.append(pay_reported_order(order))
        return changes

    def finish(self, rows: Rows) -> None:
        if ("order", self.order.id) not in rows:
            raise CheckoutKeyUsed
        if self.paid_at is not None and self.has_endpoints:
            publish_attribution(self.order.id)


def write_first_report(arrived: Arrived, priced: PricedSnapshot, locked: LockedReport) -> NewOrder:
    """Write an order that its store has not reported before; the caller has locked its customers.

    A ledger that fails is recorded and retried, and the order stands. Raises CheckoutKeyUsed if another report of the
    order was faster.
    """
    customers = locked.customers
    referral = decide_report(arrived, priced, locked.returning, None)
    lines, new = order_lines(arrived.store, priced), _new_order(arrived, priced, customers[0])
    if referral.code and new.link_label:
        note_label(referral.code, new.link_label)
    others, state = [customer.id for customer in customers[1:]], store_state(arrived.known)
    if not priced.is_paid:
        write_payment(ReportPart(new, lines, referral, others, state, 0, None, False), arrived.actor)
        return new
    order = read_sale(new, lines, referral, arrived.paid_at, arrived.settings)
    decided = decide_referral(order)
    order = referred(order, decided)
    part = ReportPart(
        new, lines, decided or referral, others, state, priced.paid_minor, order.paid_at, order.has_endpoints
    )
    context = LedgerContext(arrived.settings, arrived.market, arrived.actor)
    write_paid(
        [PaidEvent(new.order_reference, part, OrderLedgers(order, context), has_refunds=False)], arrived.actor
    )
    return new


def _new_order(arrived: Arrived, priced: PricedSnapshot, customer: Customer) -> NewOrder:
    order_id = random_text(ORDER_ID_LENGTH)
    snapshot = arrived.known.snapshot
    return NewOrder(
        id=order_id,
        order_reference=build_order_reference(order_id, epoch_milliseconds(utc_now())),
        store_id=arrived.store.id,
        customer_id=customer.id,
        buyer_user_id=None,
        currency=priced.currency,
        external_id=snapshot.external_id,
        link_label=label_form(snapshot.link_label),
        created_at=arrived.placed_at,
    )
