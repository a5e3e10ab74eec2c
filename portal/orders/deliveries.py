"""Names, phone numbers and addresses of deliveries: kept apart from orders and erased after some days.

No event, log line, export or ledger has them. See docs/rules/orders.md.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta

from models import OrderDelivery
from portal.db import database_now, query
from portal.orders.delivery_rules import Delivery

ERASE_BATCH, ERASE_BATCHES = 1_000, 100

# Rows that a checkout has locked are left for the next run.
_ERASE = """
UPDATE order_deliveries
SET name = NULL, phone = NULL, address = NULL, erased_at = now()
WHERE order_id IN (
    SELECT order_id FROM order_deliveries
    WHERE erased_at IS NULL AND created_at < %s
    ORDER BY created_at LIMIT %s FOR UPDATE SKIP LOCKED
)
RETURNING order_id
"""


def save_delivery(order_id: str, delivery: Delivery, vendor_ids: Collection[int]) -> None:
    """Store the checked delivery of a new order for the vendors of its delivered lines."""
    OrderDelivery.insert(order=order_id, vendor_ids=sorted(set(vendor_ids)), **vars(delivery)).execute()


def find_delivery(order_id: str) -> OrderDelivery | None:
    """Return the delivery of an order, for its buyer and for admins, or None."""
    return OrderDelivery.get_or_none(OrderDelivery.order == order_id)


def find_delivery_of_vendors(order_id: str, vendor_ids: Collection[int]) -> OrderDelivery | None:
    """Return the delivery of an order if one of these vendors delivers lines of it, else None."""
    delivery = find_delivery(order_id)
    return delivery if delivery and not set(vendor_ids).isdisjoint(delivery.vendor_ids) else None


def erase_old_deliveries(days: int) -> int:
    """Erase the deliveries of orders that are older than some days and return how many; safe to repeat."""
    deadline, erased = database_now() - timedelta(days=days), 0
    for _ in range(ERASE_BATCHES):
        count = len(query(_ERASE, [deadline, ERASE_BATCH]))
        erased += count
        if count < ERASE_BATCH:
            break
    return erased
