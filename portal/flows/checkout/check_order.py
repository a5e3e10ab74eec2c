"""Check an unpaid order again before money is requested for it. See docs/rules/payments.md."""

from __future__ import annotations

from datetime import datetime, timedelta

from models import Order
from portal.catalogue import active_products_by_id, check_offer, lock_active_products
from portal.lib.clock import utc_now
from portal.orders import (
    OrderCancelled,
    OrderExpired,
    OrderStatus,
    list_order_items,
    list_unpaid_orders_of_buyer,
    lock_order,
)
from portal.payments import AlreadyPaid
from portal.settings import Settings

FIELD = "orderId"


def require_payable(order: Order, settings: Settings) -> None:
    """Check that an order is unpaid, not expired, and can be sold now at its prices.

    Raises AlreadyPaid, OrderExpired, OrderCancelled, ProductWithdrawn, PriceChanged or StockShort.
    """
    if order.status in (OrderStatus.PAID, OrderStatus.REFUNDED):
        raise AlreadyPaid
    if order.created_at < expiry_deadline(settings):
        raise OrderExpired(field=FIELD)
    if order.status == OrderStatus.CANCELLED:
        raise OrderCancelled(field=FIELD)
    items = list_order_items(order.id)
    products = active_products_by_id(item.product_id for item in items if item.product_id is not None)
    check_offer(items, order.currency, products, FIELD)


def reserve_goods(order: Order) -> None:
    """Check the order's goods again under the lock of its products, which the caller's transaction keeps.

    For payments that are decided here and now: of two buyers of the last piece one is refused. Raises
    ProductWithdrawn, PriceChanged or StockShort.
    """
    lock_order(order.id)
    items = list_order_items(order.id)
    products = lock_active_products(item.product_id for item in items if item.product_id is not None)
    check_offer(items, order.currency, products, FIELD)


def expiry_deadline(settings: Settings) -> datetime:
    """Return the time before which unpaid orders have expired."""
    return utc_now() - timedelta(hours=settings.order_expires_hours)


def list_open_orders(buyer_id: int, settings: Settings) -> list[Order]:
    """Return a buyer's unpaid orders that have not expired, newest first."""
    return list_unpaid_orders_of_buyer(buyer_id, expiry_deadline(settings))
