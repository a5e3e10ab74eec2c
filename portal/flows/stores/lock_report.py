"""Lock what a report of a store changes, in the order of docs/architecture.md, by one round trip."""

from __future__ import annotations

from dataclasses import dataclass

from models import Customer
from portal.db import query
from portal.flows.stores.attribute import StoreBuyer
from portal.stores import LOCK_CUSTOMERS, customers_in_order

_LOCK = f"""
SELECT 1 FROM store_events WHERE id = %(event)s AND outcome IS NULL FOR UPDATE;
{LOCK_CUSTOMERS}
SELECT 1 FROM store_orders WHERE store_id = %(store)s AND external_id = %(external_id)s FOR UPDATE;
"""  # noqa: S608 - constants
_READ = """
SELECT EXISTS (SELECT FROM store_events WHERE id = %(event)s AND outcome IS NULL),
    EXISTS (SELECT FROM store_orders WHERE store_id = %(store)s AND external_id = %(external_id)s),
    (SELECT jsonb_agg(jsonb_build_array(id, key, bought_before)) FROM customers
        WHERE store_id = %(store)s AND key = ANY(%(keys)s))
"""


@dataclass(frozen=True)
class LockedReport:
    """The customers of a report, in the order of their keys, locked until the transaction ends, and created if new.

    `is_waiting` is whether its event waits to be applied, `is_known` whether its order was reported before.
    """

    is_waiting: bool
    is_known: bool
    customers: list[Customer]


def lock_report(store_id: int, external_id: str, buyer: StoreBuyer, event_id: int | None) -> LockedReport:
    """Lock an event, the customers of its buyer and its order.

    Customers are created and locked in one order, so that only one order of a buyer can be the first purchase.
    """
    values = {"event": event_id, "store": store_id, "external_id": external_id, "keys": sorted(buyer.keys)}
    ((is_waiting, is_known, rows),) = query(_LOCK + _READ, values)
    return LockedReport(is_waiting, is_known, customers_in_order(store_id, buyer.keys, rows))
