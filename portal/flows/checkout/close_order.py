"""Close unpaid orders: their buyers cancel them, and a job lets them expire. See docs/rules/payments.md."""

from __future__ import annotations

from datetime import UTC, datetime

from models import Order
from portal.accounts import lock_user
from portal.db import Actor, query, transaction
from portal.db.failing import require_database
from portal.flows.checkout.check_order import expiry_deadline
from portal.logs import get_logger
from portal.orders import OrderStatus, close_unpaid_order, get_order_of_buyer
from portal.payments import (
    AlreadyPaid,
    PaymentInProgress,
    PaymentStatus,
    find_and_lock_payment,
    supersede_payment,
)
from portal.settings import Settings
from portal.stores import BUILT_IN_STORE_ID

log = get_logger(__name__)

EXPIRY_BATCH, EXPIRY_BATCHES = 100, 20

# An order whose payment a bank is still checking waits for the result.
_EXPIRED = """
SELECT o.id, o.buyer_user_id, o.created_at
FROM orders o LEFT JOIN payment_transactions p ON p.order_reference = o.order_reference
WHERE o.status = 'created' AND o.store_id = %s AND o.created_at < %s AND (o.created_at, o.id) > (%s, %s)
    AND p.status IS DISTINCT FROM 'pending'
ORDER BY o.created_at, o.id LIMIT %s
"""


def cancel_order(order_id: str, buyer_id: int) -> None:
    """Cancel a buyer's unpaid order; cancelling it twice changes nothing.

    Raises OrderUnknown, AlreadyPaid, or PaymentInProgress while a provider is checking a payment.
    """
    _close(order_id, buyer_id, Actor.user(buyer_id))


def expire_orders(settings: Settings) -> int:
    """Close unpaid orders of the built-in shop that are older than the limit, oldest first; return how many.

    An order that cannot be closed is logged and does not stop the others.
    """
    deadline = expiry_deadline(settings)
    last: tuple[datetime, str] = (datetime.min.replace(tzinfo=UTC), "")
    closed = 0
    for _ in range(EXPIRY_BATCHES):
        rows = query(_EXPIRED, [BUILT_IN_STORE_ID, deadline, *last, EXPIRY_BATCH])
        for order_id, buyer_id, created_at in rows:
            last = (created_at, order_id)
            closed += _expire(order_id, buyer_id)
        if len(rows) < EXPIRY_BATCH:
            break
    return closed


def _expire(order_id: str, buyer_id: int) -> bool:
    try:
        return _close(order_id, buyer_id, Actor.job("expire_unpaid_orders"), expired=True)
    except (AlreadyPaid, PaymentInProgress):
        return False
    except Exception as error:  # one order must not stop the others
        require_database(error)
        log.exception("order not expired", order_id=order_id)
        return False


def _close(order_id: str, buyer_id: int, actor: Actor, *, expired: bool = False) -> bool:
    with transaction():
        lock_user(buyer_id)
        order = get_order_of_buyer(order_id, buyer_id)
        if order.status == OrderStatus.CANCELLED:
            return False
        _close_attempt(order, actor)
        if not close_unpaid_order(order.id, actor, expired=expired):
            raise AlreadyPaid
    return True


def _close_attempt(order: Order, actor: Actor) -> None:
    """Close the open payment of an order; it is still checked with its provider, where money may arrive late."""
    payment = find_and_lock_payment(order.order_reference)
    if payment is None:
        return
    if payment.status == PaymentStatus.PENDING:
        raise PaymentInProgress
    if payment.status in (PaymentStatus.CREATED, PaymentStatus.REDIRECTED):
        supersede_payment(payment, actor)
