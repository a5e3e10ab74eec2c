"""What admin pages show of webhook endpoints and deliveries: frozen values, no rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from portal.lib.sealing import seal_mark
from portal.web.text.format import When, when
from portal.web.text.webhooks import attempt_words, endpoint_words, event_words

if TYPE_CHECKING:
    from models import WebhookDelivery, WebhookEndpoint


@dataclass(frozen=True, slots=True)
class EndpointView:
    """An endpoint; `failing_since` is the first failed attempt since the last success."""

    id: int
    url: str
    types: tuple[str, ...]
    is_active: bool
    state: str
    created: When
    failing_since: When | None
    previous_secret_until: When | None
    secret_mark: str


@dataclass(frozen=True, slots=True)
class DeliveryRow:
    """A delivery: its event, its last attempt in words, and when the next one is due."""

    id: int
    endpoint_id: int
    type: str
    type_words: str
    webhook_id: str
    order_reference: str | None
    status: str
    attempts: int
    answer: str
    created: When
    next_attempt: When | None
    is_replayable: bool


def endpoint_views(endpoints: Sequence[WebhookEndpoint]) -> list[EndpointView]:
    """Return endpoints as the page shows them."""
    return [
        EndpointView(
            id=each.id,
            url=each.url,
            types=tuple(each.types),
            is_active=each.disabled_at is None,
            state=endpoint_words(each.disabled_reason),
            created=when(each.created_at),
            failing_since=when(each.failing_since) if each.failing_since else None,
            previous_secret_until=when(each.previous_secret_until) if each.previous_secret_until else None,
            secret_mark=seal_mark(each.secret),
        )
        for each in endpoints
    ]


def delivery_rows(deliveries: Sequence[WebhookDelivery]) -> list[DeliveryRow]:
    """Return deliveries as a list shows them."""
    return [
        DeliveryRow(
            id=each.id,
            endpoint_id=each.endpoint_id,
            type=each.type,
            type_words=event_words(each.type),
            webhook_id=each.event.webhook_id,
            order_reference=each.event.order_reference,
            status=each.status,
            attempts=each.attempts,
            answer=attempt_words(each.last_status_code, each.last_error),
            created=when(each.created_at),
            next_attempt=when(each.next_attempt_at) if each.next_attempt_at else None,
            is_replayable=each.endpoint.disabled_at is None,
        )
        for each in deliveries
    ]
