"""Back-orders: goods that were paid although stock had run out. See docs/rules/payments.md."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from portal.accounts import list_admin_ids
from portal.catalogue import Shortage, products_by_id, vendors_by_id
from portal.db import Actor, query, record_event
from portal.notifications import notify

# Of each product only what is still missing: stock that came in since covers the oldest orders first.
_OPEN = """
SELECT order_reference, product, vendor, least(quantity, up_to - in_stock)::bigint, created_at
FROM (
    SELECT b.id, o.order_reference, p.name AS product, v.name AS vendor, b.quantity, b.created_at,
        sum(b.quantity) OVER (PARTITION BY b.product_id ORDER BY b.id) AS up_to,
        sum(b.quantity) OVER (PARTITION BY b.product_id) + p.stock AS in_stock
    FROM back_orders b
    JOIN products p ON p.id = b.product_id AND p.stock < 0
    JOIN vendors v ON v.id = p.vendor_id
    JOIN orders o ON o.id = b.order_id AND o.status = 'paid'
) AS missing
WHERE up_to > in_stock
ORDER BY created_at, id
"""


@dataclass(frozen=True)
class OpenBackOrder:
    """Pieces of a product that a paid order still waits for."""

    order_reference: str
    product: str
    vendor: str
    missing: int
    created_at: datetime


def report_back_order(
    order_id: str, order_reference: str, shortages: Sequence[Shortage], actor: Actor
) -> None:
    """Record what a paid order lacks and notify the admins and the vendors."""
    products = products_by_id(shortage.product_id for shortage in shortages)
    vendors = vendors_by_id(product.vendor_id for product in products.values())
    admins = list_admin_ids()
    for shortage in shortages:
        product = products[shortage.product_id]
        owner = vendors[product.vendor_id].user_id
        facts = {
            "product": product.name,
            "missing": str(shortage.missing),
            "reference": order_reference,
        }
        record_event(
            actor,
            "order",
            order_id,
            "order_back_ordered",
            order_reference=order_reference,
            data={**facts, "productId": product.id},
        )
        for user_id in {*admins, *([owner] if owner else [])}:
            notify(user_id, "order_back_ordered", f"back_order:{order_id}:{product.id}:{user_id}", **facts)


def list_open_back_orders(order_reference: str | None = None) -> list[OpenBackOrder]:
    """Return what paid orders still wait for, oldest first, of one reference or of all."""
    rows = [OpenBackOrder(*row) for row in query(_OPEN)]
    return [row for row in rows if order_reference in (None, row.order_reference)]
