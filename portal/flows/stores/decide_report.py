"""Decide to whom a reported order is credited, at first sight and again when it is paid. See docs/rules/stores.md."""

from __future__ import annotations

from collections.abc import Sequence

from models import Customer, Order
from portal.codes import resolve_code
from portal.flows.checkout.decide_attribution import is_same_mailbox, staged_trace
from portal.flows.stores.arrived import Arrived
from portal.flows.stores.attribute import choose_store_code, decide_store_attribution
from portal.flows.stores.late_orders import NOT_FIRST, withdraw_later_attribution
from portal.orders import OrderReferral
from portal.stores import PricedSnapshot


def decide_report(
    arrived: Arrived, priced: PricedSnapshot, customers: Sequence[Customer], order: Order | None
) -> OrderReferral:
    """Run the guards for an order, None before its first report is stored.

    The caller has locked the customers; those without other orders may be left out. A later order of theirs loses its
    referral to one that is paid earlier.
    """
    code, source = choose_store_code(arrived.store, arrived.known.snapshot)
    if order is not None and code and order.referral_code and resolve_code(code) is None:
        # Its alias ended after the order was placed.
        code = order.referral_code
    paid_at = arrived.paid_at if priced.is_paid else None
    attribution = decide_store_attribution(
        arrived.store,
        arrived.buyer,
        customers,
        code,
        source,
        arrived.settings,
        order_id=order.id if order is not None else None,
        paid_at=paid_at,
        was_same_mailbox=order is not None and is_same_mailbox(order.referral_trace),
    )
    decision, row = attribution.decision, attribution.code
    trace = staged_trace(decision, "order")
    is_purchase = priced.total_minor > 0 or priced.paid_minor > 0
    if paid_at is not None and is_purchase and customers:
        is_first = withdraw_later_attribution(customers, paid_at, arrived.actor)
        if row is not None and not is_first:
            trace[-1] |= {"passed": False, "reason": NOT_FIRST}
            return OrderReferral(None, None, None, NOT_FIRST, trace)
    if row is None:
        return OrderReferral(None, None, None, decision.reason or "no_code", trace)
    return OrderReferral(row.code, row.owner_user_id, row.wallet_address, None, trace)
