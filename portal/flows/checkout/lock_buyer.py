"""Lock the buyer before a payment changes, so that only one purchase can be the first."""

from __future__ import annotations

from models import PaymentTransaction
from portal.accounts import lock_user
from portal.orders import get_order
from portal.stores import lock_customer


def lock_buyer(payment: PaymentTransaction) -> None:
    """Lock the paying account, or the order's customer if there is none, until the transaction ends.

    Acquire this lock before the payment and every other row of a purchase. See "Locks and their order" in
    docs/architecture.md.
    """
    if payment.user_id is None:
        lock_customer(get_order(payment.entity_id).customer_id)
    else:
        lock_user(payment.user_id)
