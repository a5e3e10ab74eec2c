"""Open an attempt to pay an order; it supersedes an open attempt by another method. See docs/rules/payments.md."""

from __future__ import annotations

from models import Order, PaymentTransaction, User
from portal.db import Actor
from portal.lib.clock import epoch_milliseconds, utc_now
from portal.orders import change_reference, get_order, get_order_of_buyer
from portal.payments import (
    AlreadyPaid,
    PaymentInProgress,
    PaymentMethod,
    build_order_reference,
    find_and_lock_payment,
    open_payment,
    parse_reference,
    supersede_payment,
)


def open_attempt(order_id: str, buyer: User, method: PaymentMethod, actor: Actor) -> PaymentTransaction:
    """Return the open payment of a buyer's order by one method, locked; the caller has locked the buyer.

    An attempt that failed, expired or is open at another provider is followed by one with a new reference: a
    provider accepts each reference only once. Raises OrderUnknown, AlreadyPaid, or PaymentInProgress while a
    provider is still checking a payment.
    """
    order = get_order_of_buyer(order_id, buyer.id)
    last = find_and_lock_payment(order.order_reference)
    if last is not None and not is_reusable(last, method, actor):
        order = _with_new_reference(order, actor)
    return open_payment(
        order.order_reference,
        purpose="store_order",
        method=method,
        entity_id=order.id,
        user_id=buyer.id,
        amount_minor=order.total_minor,
        currency=order.currency,
        actor=actor,
    )


def is_reusable(last: PaymentTransaction, method: PaymentMethod, actor: Actor) -> bool:
    """Return whether the last payment of an order or statement can be used again; supersede it if the method differs.

    The caller holds it locked. Raises AlreadyPaid, or PaymentInProgress while a provider is checking it.
    """
    if last.status in ("paid", "refunded"):
        raise AlreadyPaid
    if last.status == "pending":
        raise PaymentInProgress
    if last.status in ("failed", "cancelled"):
        return False
    if last.processor == method.name:
        return True
    supersede_payment(last, actor)
    return False


def _with_new_reference(order: Order, actor: Actor) -> Order:
    used = parse_reference(order.order_reference).milliseconds
    new_reference = build_order_reference(order.id, max(used + 1, epoch_milliseconds(utc_now())))
    if not change_reference(order.id, new_reference, actor):
        raise AlreadyPaid
    return get_order(order.id)
