"""Callbacks between their durable storage and their outcome: which are settled at once, and which wait for a worker.

See docs/rules/payments.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from peewee import SQL

from models import PaymentEvent, PaymentTransaction
from portal.db import Prepared, not_set_aside, query
from portal.payments.provider import Callback

CALLBACK_QUEUE = "callbacks"
# So many callbacks are settled by their own requests at the same time; a request that finds more leaves its callback
# to the worker, which settles many in one transaction.
SETTLED_AT_ONCE = 4
COUNTED_AT_MOST = 100_000

# One row and one commit. The callbacks read are those that were stored before.
_ACCEPT = Prepared(f"""
WITH stored AS (
    INSERT INTO payment_events (provider, order_reference, authentic, fingerprint, payload)
    VALUES (%(provider)s, %(reference)s, true, %(fingerprint)s, %(payload)s) RETURNING id
), waiting AS MATERIALIZED (
    SELECT w.order_reference FROM payment_events w
    WHERE w.outcome IS NULL AND {not_set_aside(CALLBACK_QUEUE, "w.id")} LIMIT {SETTLED_AT_ONCE}
)
SELECT s.id, p.processor, p.amount_minor, p.currency, (SELECT count(*) FROM waiting) >= {SETTLED_AT_ONCE} OR EXISTS (
    SELECT FROM waiting w LEFT JOIN payment_transactions q ON q.order_reference = w.order_reference
    WHERE w.order_reference = %(reference)s OR q.user_id = p.user_id)
FROM stored s LEFT JOIN payment_transactions p ON p.order_reference = %(reference)s
""")  # noqa: S608 - constants
_BACKLOG = f"""
SELECT count(*), min(received_at) FROM (
    SELECT w.received_at FROM payment_events w
    WHERE w.outcome IS NULL AND {not_set_aside(CALLBACK_QUEUE, "w.id")} LIMIT {COUNTED_AT_MOST}
) AS waiting
"""  # noqa: S608 - constants


@dataclass(frozen=True)
class Accepted:
    """A callback that is stored durably; `payment` has the processor, amount and currency of its reference.

    `must_wait` is whether earlier ones of the same buyer or reference are not settled yet, or many of anyone.
    """

    event_id: int
    payment: PaymentTransaction | None
    must_wait: bool


@dataclass(frozen=True)
class Backlog:
    """The callbacks that wait for the worker, at most `COUNTED_AT_MOST`, and when the oldest of them arrived."""

    callbacks: int
    since: datetime | None


def accept_callback(provider: str, callback: Callback) -> Accepted:
    """Write an authentic callback into the inbox, in a separate transaction."""
    values = {
        "provider": provider,
        "reference": callback.order_reference,
        "fingerprint": callback.fingerprint,
        "payload": callback.payload,
    }
    ((event_id, processor, amount_minor, currency, must_wait),) = query(_ACCEPT, values)
    if processor is None:
        return Accepted(event_id, None, must_wait)
    payment = PaymentTransaction(processor=processor, amount_minor=amount_minor, currency=currency)
    return Accepted(event_id, payment, must_wait)


def list_waiting_callbacks(limit: int = 100) -> list[PaymentEvent]:
    """Return authentic callbacks that are stored but not applied and not set aside, oldest first."""
    due = SQL(not_set_aside(CALLBACK_QUEUE, "t1.id"))
    rows = PaymentEvent.select().where(PaymentEvent.outcome.is_null(), due)
    return list(rows.order_by(PaymentEvent.id).limit(limit))


def read_backlog() -> Backlog:
    """Return how many callbacks wait for the worker and since when; those set aside are listed as failing."""
    return Backlog(*query(_BACKLOG)[0])
