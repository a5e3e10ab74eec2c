"""A buyer who is named only after the payment: the guards run again, unless the referral was already decided or paid.

See docs/rules/stores.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import cast

from models import Customer, Order, Store
from portal.attribution import CodeSource, Guard
from portal.db import Actor
from portal.flows.checkout.decide_attribution import source_of
from portal.flows.stores.attribute import StoreBuyer, decide_store_attribution
from portal.flows.stores.late_orders import NOT_FIRST, withdraw_later_attribution
from portal.flows.stores.withdraw_attribution import Settled, withdraw_attribution
from portal.orders import note_customers
from portal.settings import Settings


def recognise_buyer(
    order: Order, store: Store, buyer: StoreBuyer, customers: Sequence[Customer], settings: Settings
) -> None:
    """Count a paid order for customers who are known to be its buyer only now, and withdraw a referral they refute.

    The caller has locked the customers and the order.
    """
    actor = Actor(f"store:{store.id}")
    note_customers(order, [customer.id for customer in customers])
    if not (order.total_minor or order.paid_minor):
        return
    assert order.paid_at is not None
    is_first = withdraw_later_attribution(customers, order.paid_at, actor)
    if order.referral_code is None:
        return
    refuted = _refuted(order, store, buyer, customers, settings)
    if refuted is None and not is_first:
        refuted = Guard.FIRST_PURCHASE, NOT_FIRST
    if refuted is not None:
        with suppress(Settled):
            withdraw_attribution(order, *refuted, actor)


def _refuted(
    order: Order, store: Store, buyer: StoreBuyer, customers: Sequence[Customer], settings: Settings
) -> tuple[Guard, str] | None:
    """Return the guard about the buyer that refuses the referral now and its reason; the code was decided about."""
    attribution = decide_store_attribution(
        store,
        buyer,
        customers,
        order.referral_code,
        cast("CodeSource | None", source_of(order)),
        settings,
        order_id=order.id,
        paid_at=order.paid_at,
    )
    last = attribution.decision.trace[-1]
    if last.passed or last.reason is None or last.guard == Guard.CODE_KNOWN:
        return None
    return Guard(last.guard), last.reason
