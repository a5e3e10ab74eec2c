"""The inbox of a store's deliveries: refused ones by the minute, and those that wait for the store's API.

The order of a delivery that carries one is stored by the flow that applies it. See docs/rules/stores.md.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from peewee import SQL, ModelSelect, fn

from models import Store, StoreEvent
from portal.db import not_set_aside, query
from portal.stores.adapters.protocol import Fetch
from portal.stores.events import PASSING_DAYS, record_store_event

FETCH_QUEUE = "store_fetches"
FETCH_PORTION = 100

_COUNT_REFUSED = """
INSERT INTO store_events AS e (store_id, kind, verified, outcome, explanation)
VALUES (%(store)s, 'hook.refused', false, 'refused',
    jsonb_build_object('reason', %(reason)s::text, 'count', 1))
ON CONFLICT (store_id, date_trunc('minute', received_at AT TIME ZONE 'UTC')) WHERE kind = 'hook.refused'
DO UPDATE SET explanation = excluded.explanation
    || jsonb_build_object('count', (e.explanation ->> 'count')::bigint + 1)
"""
_ASK_AGAIN = """
UPDATE store_events SET outcome = NULL,
    explanation = jsonb_build_object('fetch', jsonb_build_object('external_id', external_id))
WHERE id IN (
    SELECT e.id FROM store_events e
    WHERE e.store_id = %(store)s AND e.outcome = 'refused' AND e.external_id IS NOT NULL
        AND e.received_at > now() - make_interval(days => %(days)s)
        AND e.explanation ->> 'error' = 'delivery_unreadable'
        AND e.explanation ->> 'release' IS DISTINCT FROM %(release)s
        AND NOT EXISTS (
            SELECT FROM store_events later
            WHERE later.store_id = e.store_id AND later.external_id = e.external_id AND later.id > e.id)
    ORDER BY e.id LIMIT %(most)s)
RETURNING id
"""


def count_refused_delivery(store_id: int, reason: str) -> None:
    """Count a refused delivery: one row per store and minute with the last reason, and nothing of the body."""
    query(_COUNT_REFUSED, {"store": store_id, "reason": reason})


def store_fetch(store_id: int, kind: str, wanted: Fetch, body_sha256: str) -> int:
    """Store a delivery that names an order to ask the store for, and return the event's id.

    One that waits for the same order is enough, unless the store is being asked already: its answer may be older.
    """
    same = StoreEvent.explanation.contains({"fetch": _as_json(wanted)})
    waiting = _waiting_fetches().where((StoreEvent.store == store_id) & (StoreEvent.kind == kind) & same)
    if (event := waiting.where(~StoreEvent.explanation.has_key("asked")).first()) is not None:
        return int(event.id)
    return record_store_event(
        store_id,
        kind,
        external_id=wanted.external_id,
        body_sha256=body_sha256,
        explanation={"fetch": _as_json(wanted)},
    )


def list_waiting_fetches() -> list[StoreEvent]:
    """Return a portion of the deliveries whose order was not asked for yet, oldest first.

    Without those set aside, and those of stores that rest after a failure.
    """
    may_ask = Store.next_poll_at.is_null() | (Store.next_poll_at <= fn.now())
    due = _waiting_fetches().join(Store).where(may_ask & SQL(not_set_aside(FETCH_QUEUE, "t1.id")))
    return list(due.order_by(StoreEvent.id).limit(FETCH_PORTION))


def ask_again_for_unreadable(store_id: int, release: str) -> int:
    """Let the orders that another release could not read wait to be asked for again; return how many.

    One that a later event knows is left out. `release` is the present one, which is named in the explanation of what it
    cannot read.
    """
    return len(
        query(
            _ASK_AGAIN, {"store": store_id, "release": release, "days": PASSING_DAYS, "most": FETCH_PORTION}
        )
    )


def begin_fetch(event: StoreEvent) -> Fetch:
    """Return what a waiting delivery asks for, and let a later delivery wait for a later answer."""
    asked = StoreEvent.explanation.concat({"asked": True})
    StoreEvent.update(explanation=asked).where(
        (StoreEvent.id == event.id) & StoreEvent.outcome.is_null()
    ).execute()
    return Fetch(**event.explanation["fetch"])


def drop_delivery(event_id: int) -> None:
    """Remove a delivery whose order was fetched: the event of that order says what became of it."""
    StoreEvent.delete().where((StoreEvent.id == event_id) & StoreEvent.outcome.is_null()).execute()


def has_waiting_delivery(store_id: int, body_sha256: str) -> bool:
    """Return whether a delivery with this body is stored and not applied yet."""
    waiting = StoreEvent.select().where(
        (StoreEvent.store == store_id)
        & (StoreEvent.body_sha256 == body_sha256)
        & StoreEvent.outcome.is_null()
    )
    return bool(waiting.exists())


def note_webhook_seen(store_id: int) -> None:
    """Record that authentic webhooks arrive, at most once a minute."""
    Store.update(webhook_seen_at=fn.now()).where(
        (Store.id == store_id)
        & (Store.webhook_seen_at.is_null() | (Store.webhook_seen_at < SQL("now() - interval '1 minute'")))
    ).execute()


def _waiting_fetches() -> ModelSelect[StoreEvent]:
    return StoreEvent.select().where(StoreEvent.outcome.is_null() & StoreEvent.explanation.has_key("fetch"))


def _as_json(wanted: Fetch) -> dict[str, Any]:
    return {name: value for name, value in asdict(wanted).items() if value}
