"""Lock what a report of a store changes, in the order of docs/architecture.md, by one round trip."""

from __future__ import annotations

from dataclasses import dataclass

from models import Customer
from portal.db import Prepared, query
from portal.flows.stores.attribute import StoreBuyer
from portal.stores import LOCK_CUSTOMERS, customers_in_order

_LOCK = f"""
SELECT 1 FROM store_events WHERE id = %(event)s AND outcome IS NULL FOR UPDATE;
{LOCK_CUSTOMERS}
SELECT 1 FROM store_orders WHERE store_id = %(store)s AND external_id = %(external_id)s FOR UPDATE;
"""  # noqa: S608 - constants
_LOCK_AND_READ = Prepared(f"""{_LOCK}
SELECT EXISTS (SELECT FROM store_events WHERE id = %(event)s AND outcome IS NULL),
    EXISTS (SELECT FROM store_orders WHERE store_id = %(store)s AND external_id = %(external_id)s),
    (SELECT jsonb_agg(jsonb_build_array(c.id, c.key, c.bought_before)) FROM customers c
        WHERE c.store_id = %(store)s AND c.key = ANY(%(keys)s)),
    ARRAY(SELECT c.key FROM customers c WHERE c.store_id = %(store)s AND c.key = ANY(%(keys)s)
        AND (EXISTS (SELECT FROM orders o WHERE o.store_id = c.store_id AND o.customer_id = c.id)
            OR EXISTS (SELECT FROM order_customers n WHERE n.customer_id = c.id)))
""")  # noqa: S608 - constants


@dataclass(frozen=True)
class LockedReport:
    """The customers of a report, in the order of their keys, locked until the transaction ends, and created if new.

    `is_waiting` is whether its event waits to be applied, `is_known` whether its order was reported before, `returning`
    are those of the customers who have other orders or bought before: nothing else is read of a new buyer.
    """

    is_waiting: bool
    is_known: bool
    customers: list[Customer]
    returning: list[Customer]


def lock_report(store_id: int, external_id: str, buyer: StoreBuyer, event_id: int | None) -> LockedReport:
    """Lock an event, the customers of its buyer and its order.

    Customers are created and locked in one order, so that only one order of a buyer can be the first purchase.
    """
    values = {"event": event_id, "store": store_id, "external_id": external_id, "keys": sorted(buyer.keys)}
    ((is_waiting, is_known, rows, with_orders),) = query(_LOCK_AND_READ, values)
    customers = customers_in_order(store_id, buyer.keys, rows)
    returning = [each for each in customers if each.bought_before or each.key in with_orders]
    return LockedReport(is_waiting, is_known, customers, returning)
