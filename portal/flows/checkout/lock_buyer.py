"""Lock the buyer before a payment changes, so that only one purchase can be the first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from models import PaymentEvent, PaymentTransaction
from portal.accounts import lock_user
from portal.db import Prepared, query
from portal.orders import get_order
from portal.stores import lock_customer

# In the order of docs/architecture.md, each in a separate statement and by id, so that two groups cannot deadlock;
# the last one reads what is locked then. A duplicate that arrives now waits for the payment, and sees the outcome of
# this callback.
_LOCK = """
SELECT 1 FROM users WHERE id = ANY (ARRAY(
    SELECT user_id FROM payment_transactions WHERE order_reference = ANY (%(references)s)
)) ORDER BY id FOR NO KEY UPDATE;
SELECT 1 FROM customers WHERE id = ANY (ARRAY(
    SELECT o.customer_id FROM payment_transactions p JOIN orders o ON o.id = p.entity_id
    WHERE p.order_reference = ANY (%(references)s) AND p.user_id IS NULL
)) ORDER BY id FOR NO KEY UPDATE;
SELECT 1 FROM payment_transactions WHERE order_reference = ANY (%(references)s) ORDER BY id FOR UPDATE;
SELECT 1 FROM payment_events WHERE id = ANY (%(events)s) ORDER BY id FOR UPDATE;
"""
_EVENT = ("id", "provider", "order_reference", "fingerprint", "outcome", "reason", "closed_at")
_PAYMENT = tuple(PaymentTransaction._meta.sorted_field_names)
_LOCK_AND_READ = Prepared(f"""{_LOCK}
SELECT {", ".join(f"e.{name}" for name in _EVENT)}, {", ".join(f"p.{name}" for name in _PAYMENT)},
    EXISTS (SELECT FROM payment_events b WHERE b.order_reference = e.order_reference
        AND b.fingerprint = e.fingerprint AND b.id < e.id AND b.outcome = 'applied'),
    (SELECT order_reference FROM orders WHERE p.purpose = 'store_order' AND id = p.entity_id)
FROM unnest(%(events)s::bigint[], %(references)s::text[]) AS w (id, reference)
JOIN payment_events e ON e.id = w.id LEFT JOIN payment_transactions p ON p.order_reference = w.reference
ORDER BY w.id
""")  # noqa: S608 - constants


@dataclass(frozen=True)
class LockedCallback:
    """A callback with its payment, None for an unknown reference; both are locked until the transaction ends.

    `is_repeated` is whether a callback with the same signed fields was applied before; `order_reference` is the present
    one of the order.
    """

    event: PaymentEvent
    payment: PaymentTransaction | None
    is_repeated: bool
    order_reference: str | None


def lock_buyer(payment: PaymentTransaction) -> None:
    """Lock the paying account, or the order's customer if there is none, until the transaction ends.

    Acquire this lock before the payment and every other row of a purchase. See "Locks and their order" in
    docs/architecture.md.
    """
    if payment.user_id is None:
        lock_customer(get_order(payment.entity_id).customer_id)
    else:
        lock_user(payment.user_id)


def lock_for_callbacks(references: Mapping[int, str]) -> list[LockedCallback]:
    """Lock the buyers, the payments and callbacks in one round trip, and return what is locked in the order of the ids.

    `references` has the reference of each callback by its id.
    """
    names = {"events": list(references), "references": list(references.values())}
    return [_locked(*row) for row in query(_LOCK_AND_READ, names)]


def _locked(*columns: Any) -> LockedCallback:
    *row, is_repeated, present_reference = columns
    event = PaymentEvent(**dict(zip(_EVENT, row, strict=False)))
    stored = dict(zip(_PAYMENT, row[len(_EVENT) :], strict=True))
    payment = None if stored["id"] is None else PaymentTransaction(**stored)
    return LockedCallback(event, payment, is_repeated, present_reference)
