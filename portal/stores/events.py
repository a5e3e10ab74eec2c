"""The inbox and log of what stores sent: stored once it is authentic, before it is applied.

See docs/rules/stores.md.
"""

from __future__ import annotations

from typing import Any

from peewee import fn
from psycopg2.extras import Json

from models import StoreEvent
from portal.db import Prepared, not_set_aside, query, work_in_batches
from portal.lib.errors import PortalError

EVENT_QUEUE = "store_events"
# The page of a store's events shows those of so many days; what changed nothing is deleted no sooner.
PASSING_DAYS = 30
_RECORD = Prepared("""
INSERT INTO store_events
    (store_id, kind, live, verified, outcome, external_id, order_reference, snapshot, body_sha256, explanation)
VALUES (%(store)s, %(kind)s, %(live)s, %(verified)s, %(outcome)s, %(external_id)s, %(reference)s, %(snapshot)s,
    %(body)s, %(explanation)s)
RETURNING id
""")


class StoreEventUnknown(PortalError):
    code = "store_event_unknown"


def record_store_event(
    store_id: int,
    kind: str,
    *,
    live: bool = True,
    verified: bool = True,
    outcome: str | None = None,
    external_id: str | None = None,
    order_reference: str | None = None,
    snapshot: dict[str, Any] | None = None,
    body_sha256: str | None = None,
    explanation: dict[str, Any] | None = None,
) -> int:
    """Store something that arrived and return the id of its event; without an outcome it waits to be applied."""
    values = {
        "store": store_id,
        "kind": kind,
        "live": live,
        "verified": verified,
        "outcome": outcome,
        "external_id": external_id,
        "reference": order_reference,
        "snapshot": None if snapshot is None else Json(snapshot),
        "body": body_sha256,
        "explanation": Json(explanation or {}),
    }
    return int(query(_RECORD, values)[0][0])


def close_store_event(
    event_id: int, outcome: str, *, order_reference: str | None, explanation: dict[str, Any]
) -> None:
    """Record what became of an event, in the transaction of its effect."""
    query(
        "UPDATE store_events SET outcome = %s, order_reference = %s, explanation = %s WHERE id = %s",
        [outcome, order_reference, Json(explanation), event_id],
    )


def lock_waiting_event(event_id: int) -> bool:
    """Lock an event until the transaction ends and return whether it waits to be applied."""
    return bool(query("SELECT 1 FROM store_events WHERE id = %s AND outcome IS NULL FOR UPDATE", [event_id]))


def get_store_event(store_id: int, event_id: int) -> StoreEvent:
    """Return an event of a store; raise StoreEventUnknown."""
    event = StoreEvent.get_or_none((StoreEvent.id == event_id) & (StoreEvent.store == store_id))
    if event is None:
        raise StoreEventUnknown
    return event


def list_waiting_events(older_than_seconds: int, limit: int = 100) -> list[int]:
    """Return the ids of snapshots that were stored but not applied, the oldest first."""
    rows = query(
        f"""SELECT id FROM store_events WHERE outcome IS NULL AND snapshot IS NOT NULL
            AND received_at < now() - make_interval(secs => %s)
            AND {not_set_aside(EVENT_QUEUE, "store_events.id")} ORDER BY id LIMIT %s""",  # noqa: S608 - a constant
        [older_than_seconds, limit],
    )
    return [row[0] for row in rows]


def prune_store_events(days: int) -> int:
    """Delete events that changed nothing and are older than some days; return how many."""
    return work_in_batches(
        "store events",
        """DELETE FROM store_events WHERE id IN (
               SELECT id FROM store_events
               WHERE outcome IN ('unchanged', 'stale', 'test', 'refused', 'ignored')
                 AND received_at < now() - make_interval(days => %s) LIMIT %s)
           RETURNING id""",
        [days],
    )


def count_waiting_events() -> int:
    """Return how many events were stored but not applied yet."""
    return int(StoreEvent.select(fn.count()).where(StoreEvent.outcome.is_null()).scalar())
