"""An order that was paid earlier can be reported later: then the other one was not the first purchase.

See docs/rules/stores.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from models import Customer
from portal.attribution import Guard
from portal.db import Actor, transaction
from portal.flows.stores.withdraw_attribution import Settled, withdraw_attribution
from portal.orders import list_attributed_orders_after

NOT_FIRST = "not_first_purchase"


def withdraw_later_attribution(customers: Sequence[Customer], paid_at: datetime, actor: Actor) -> bool:
    """Withdraw the referral of an order that the customers paid later; return whether an earlier one may have it.

    Only what nobody has decided or paid yet is withdrawn: a reward that waits for approval, commissions that are not
    paid out. Otherwise the later order keeps its referral.
    """
    ids = [customer.id for customer in customers]
    later = list_attributed_orders_after(customers[0].store_id, ids, paid_at)
    if not later:
        return True
    try:
        with transaction():
            for order in later:
                withdraw_attribution(order, Guard.FIRST_PURCHASE, NOT_FIRST, actor)
    except Settled:
        return False
    return True
