"""What the portal's ledgers say about the orders of connected shops."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal

from models import Order, Settlement, Vendor
from portal.lib.money import to_major

SECRET_KEY = "secret key of the tests"  # of the portal that shops report to


def booked(order: Order) -> dict[str, Decimal]:
    """Return what the ledger of commissions has of an order for each vendor, refunds taken off."""
    sums: defaultdict[str, Decimal] = defaultdict(Decimal)
    rows = Settlement.select(Settlement, Vendor).join(Vendor)
    for row in rows.where(Settlement.order_reference == order.order_reference):
        is_left = row.status != "cancelled"
        sums[row.vendor.name] += to_major(row.amount_minor, row.currency) if is_left else 0
    return dict(sums)
