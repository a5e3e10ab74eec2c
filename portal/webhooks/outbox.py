"""The outbox: an event and its deliveries are rows of the transaction that made the change.

A sender claims a delivery by moving its next attempt into the future. After a crash it is sent again at that time,
with the same webhook-id.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from peewee import SQL, fn

from models import WebhookDelivery, WebhookEndpoint, WebhookEvent
from portal.db import Actor, move_status, query, transaction, work_in_batches
from portal.lib.ids import random_text
from portal.webhooks.endpoints import disable_endpoint, get_endpoint, lock_endpoint
from portal.webhooks.rules import (
    ENDPOINT_TEST,
    GIVE_UP_AFTER,
    GONE,
    Attempt,
    DeliveryUnknown,
    EndpointDisabled,
    next_wait,
)
from portal.webhooks.status_rules import TRANSITIONS, DeliveryStatus

# Longer than an attempt may take.
LEASE = timedelta(minutes=2)
_ID_LENGTH = 24
_thread = threading.local()


@dataclass(frozen=True)
class NewEvent:
    """An event of a store; `data` has codes, references and amounts, and no personal data."""

    store_id: int
    type: str
    order_reference: str | None
    data: Mapping[str, Any]


@dataclass(frozen=True)
class Claimed:
    """A delivery that this process may attempt once; `secret` and `previous_secret` are sealed."""

    id: int
    endpoint_id: int
    attempt: int
    url: str
    secret: bytes
    previous_secret: bytes | None
    is_failing: bool
    webhook_id: str
    type: str
    happened_at: datetime
    data: dict[str, Any]


def publish_event(store_id: int, type: str, order_reference: str | None, data: Mapping[str, Any]) -> None:
    """Write one event for the endpoints that chose its type; call it in the transaction of the change."""
    publish_events([NewEvent(store_id, type, order_reference, data)])


def publish_events(events: Sequence[NewEvent]) -> None:
    """Write events for the endpoints that chose their types; call it in the transaction of the changes.

    An event that no active endpoint chose is not stored.
    """
    if not events:
        return
    written = query(
        """
        WITH happened AS (
            SELECT * FROM unnest(%(ids)s::text[], %(stores)s::bigint[], %(types)s::text[], %(references)s::text[],
                                 %(payloads)s::jsonb[]) AS h (webhook_id, store_id, type, order_reference, payload)
        ), chosen AS (
            SELECT h.webhook_id, e.id AS endpoint_id FROM happened h
            JOIN webhook_endpoints e ON e.store_id = h.store_id AND e.disabled_at IS NULL AND h.type = ANY(e.types)
        ), written AS (
            INSERT INTO webhook_events (webhook_id, store_id, type, order_reference, payload)
            SELECT * FROM happened WHERE webhook_id IN (SELECT webhook_id FROM chosen)
            RETURNING id, webhook_id, type
        )
        INSERT INTO webhook_deliveries (endpoint_id, event_id, type, next_attempt_at)
        SELECT c.endpoint_id, w.id, w.type, now() FROM written w JOIN chosen c USING (webhook_id)
        RETURNING id
        """,
        {
            "ids": [_new_webhook_id() for _ in events],
            "stores": [event.store_id for event in events],
            "types": [event.type for event in events],
            "references": [event.order_reference for event in events],
            "payloads": [json.dumps(event.data) for event in events],
        },
    )
    if written:
        _thread.has_published = True


def take_published() -> bool:
    """Return whether this thread has written events since the last call, also ones that were rolled back."""
    has_published, _thread.has_published = getattr(_thread, "has_published", False), False
    return has_published


def send_test_event(store_id: int, endpoint_id: int, actor: Actor) -> int:
    """Write a test event for one endpoint and return its delivery; raise EndpointUnknown or EndpointDisabled."""
    with transaction():
        endpoint = get_endpoint(store_id, endpoint_id)
        if endpoint.disabled_at is not None:
            raise EndpointDisabled
        event_id = WebhookEvent.insert(
            webhook_id=_new_webhook_id(),
            store=store_id,
            type=ENDPOINT_TEST,
            payload={"endpointId": str(endpoint_id), "requestedBy": actor.label.partition(":")[0]},
        ).execute()
        return int(
            WebhookDelivery.insert(
                endpoint=endpoint_id, event=event_id, type=ENDPOINT_TEST, next_attempt_at=fn.now()
            ).execute()
        )


def claim_delivery(skip_endpoints: Collection[int], *, includes_failing: bool) -> Claimed | None:
    """Claim the delivery that has been due longest and count an attempt; return None when none is due."""
    rows = query(
        """
        WITH claimed AS (
            UPDATE webhook_deliveries
            SET attempts = attempts + 1, next_attempt_at = now() + %(lease)s, last_attempt_at = now()
            WHERE id = (
                SELECT d.id FROM webhook_deliveries d JOIN webhook_endpoints e ON e.id = d.endpoint_id
                WHERE d.next_attempt_at <= now() AND e.disabled_at IS NULL
                  AND NOT d.endpoint_id = ANY(%(skip)s::bigint[]) AND (%(failing)s OR e.failing_since IS NULL)
                ORDER BY d.next_attempt_at, d.id LIMIT 1 FOR UPDATE OF d SKIP LOCKED)
            RETURNING id, endpoint_id, event_id, attempts
        )
        SELECT c.id, c.endpoint_id, c.attempts, e.url, e.secret,
            CASE WHEN e.previous_secret_until > now() THEN e.previous_secret END,
            e.failing_since IS NOT NULL, v.webhook_id, v.type, v.created_at, v.payload
        FROM claimed c JOIN webhook_endpoints e ON e.id = c.endpoint_id JOIN webhook_events v ON v.id = c.event_id
        """,
        {"lease": LEASE, "skip": list(skip_endpoints), "failing": includes_failing},
    )
    return Claimed(*rows[0]) if rows else None


def record_attempt(claimed: Claimed, attempt: Attempt, jitter: float, actor: Actor) -> WebhookEndpoint | None:
    """Record the result of an attempt and return the endpoint if it was disabled by it.

    A delivery that was claimed or replayed since then is left alone. 410 disables at once, any failure after five
    days without a success.
    """
    with transaction():
        endpoint = lock_endpoint(claimed.endpoint_id)
        delivery = (
            WebhookDelivery.select()
            .where((WebhookDelivery.id == claimed.id) & (WebhookDelivery.attempts == claimed.attempt))
            .for_update()
            .first()
        )
        if delivery is None or delivery.status != DeliveryStatus.PENDING:
            return None
        if attempt.is_accepted:
            _record_success(endpoint, delivery, attempt, actor)
            return None
        return _record_failure(endpoint, delivery, attempt, jitter, actor)


def replay_delivery(store_id: int, delivery_id: int, actor: Actor) -> None:
    """Send an event again from the first attempt on, or now where it waits for its next attempt.

    Raises DeliveryUnknown or EndpointDisabled.
    """
    with transaction():
        delivery = WebhookDelivery.get_or_none(WebhookDelivery.id == delivery_id)
        if delivery is None:
            raise DeliveryUnknown
        endpoint = lock_endpoint(delivery.endpoint_id)
        if endpoint.store_id != store_id:
            raise DeliveryUnknown
        if endpoint.disabled_at is not None:
            raise EndpointDisabled
        move_status(
            WebhookDelivery,
            delivery_id,
            TRANSITIONS["replay"],
            entity="webhook_delivery",
            actor=actor,
            attempts=delivery.attempts if delivery.status == DeliveryStatus.PENDING else 0,
            next_attempt_at=fn.now(),
        )


def prune_webhooks(days: int) -> int:
    """Delete events older than some days that wait for no delivery, with their deliveries; return how many."""
    return work_in_batches(
        "webhooks",
        """DELETE FROM webhook_events WHERE id IN (
               SELECT e.id FROM webhook_events e WHERE e.created_at < now() - make_interval(days => %s)
                   AND NOT EXISTS (SELECT FROM webhook_deliveries WHERE event_id = e.id AND status = 'pending')
               LIMIT %s)
           RETURNING id""",
        [days],
    )


def _record_success(
    endpoint: WebhookEndpoint, delivery: WebhookDelivery, attempt: Attempt, actor: Actor
) -> None:
    _move(delivery, "accept", actor, next_attempt_at=None, **_result(attempt))
    if endpoint.failing_since is not None:
        WebhookEndpoint.update(failing_since=None).where(WebhookEndpoint.id == endpoint.id).execute()


def _record_failure(
    endpoint: WebhookEndpoint, delivery: WebhookDelivery, attempt: Attempt, jitter: float, actor: Actor
) -> WebhookEndpoint | None:
    wait = next_wait(delivery.attempts, attempt.retry_after, jitter)
    if wait is None:
        _move(delivery, "give_up", actor, next_attempt_at=None, **_result(attempt))
    else:
        due = None if endpoint.disabled_at is not None else SQL("now() + %s", [wait])
        WebhookDelivery.update(next_attempt_at=due, **_result(attempt)).where(
            WebhookDelivery.id == delivery.id
        ).execute()
    WebhookEndpoint.update(failing_since=fn.coalesce(WebhookEndpoint.failing_since, fn.now())).where(
        WebhookEndpoint.id == endpoint.id
    ).execute()
    if attempt.status_code == GONE:
        return disable_endpoint(endpoint.store_id, endpoint.id, "gone", actor)
    has_failed_long = (WebhookEndpoint.id == endpoint.id) & (
        WebhookEndpoint.failing_since <= SQL("now() - %s", [GIVE_UP_AFTER])
    )
    if WebhookEndpoint.select().where(has_failed_long).exists():
        return disable_endpoint(endpoint.store_id, endpoint.id, "failing", actor)
    return None


def _result(attempt: Attempt) -> dict[str, Any]:
    error = None if attempt.is_accepted else attempt.error or "refused"
    return {"last_status_code": attempt.status_code, "last_error": error}


def _move(delivery: WebhookDelivery, verb: str, actor: Actor, **values: Any) -> None:
    move_status(
        WebhookDelivery, delivery.id, TRANSITIONS[verb], entity="webhook_delivery", actor=actor, **values
    )


def _new_webhook_id() -> str:
    return "msg_" + random_text(_ID_LENGTH)
