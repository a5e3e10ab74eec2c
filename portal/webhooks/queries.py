"""Read endpoints and deliveries."""

from __future__ import annotations

from collections.abc import Collection

from models import WebhookDelivery, WebhookEndpoint, WebhookEvent
from portal.db import Keyset, Page

DELIVERIES_PAGE, DISABLED_PAGE = 20, 5


def list_active_endpoints(store_id: int) -> list[WebhookEndpoint]:
    """Return the endpoints of a store that events are sent to, oldest first; there are at most MOST_ENDPOINTS."""
    active = (WebhookEndpoint.store == store_id) & WebhookEndpoint.disabled_at.is_null()
    return list(WebhookEndpoint.select().where(active).order_by(WebhookEndpoint.id))


def list_disabled_endpoints(store_id: int, cursor: str | None = None) -> Page[WebhookEndpoint]:
    """Return a page of the disabled endpoints of a store, the newest first; raise CursorInvalid."""
    disabled = (WebhookEndpoint.store == store_id) & WebhookEndpoint.disabled_at.is_null(False)
    newest_first: Keyset[WebhookEndpoint] = Keyset(
        WebhookEndpoint.select().where(disabled), WebhookEndpoint.id
    )
    return newest_first.page(cursor, DISABLED_PAGE)


def list_deliveries(store_id: int, cursor: str | None = None) -> Page[WebhookDelivery]:
    """Return a page of the deliveries of a store, newest first, each with its event and endpoint.

    Raises CursorInvalid.
    """
    rows = (
        WebhookDelivery.select(WebhookDelivery, WebhookEvent, WebhookEndpoint)
        .join(WebhookEvent)
        .switch(WebhookDelivery)
        .join(WebhookEndpoint)
        .where(WebhookEndpoint.store == store_id)
    )
    newest_first: Keyset[WebhookDelivery] = Keyset(rows, WebhookDelivery.id)
    return newest_first.page(cursor, DELIVERIES_PAGE)


def has_endpoints_for(types: Collection[str]) -> bool:
    """Return whether an active endpoint of any store chose one of these events."""
    active = WebhookEndpoint.disabled_at.is_null()
    return WebhookEndpoint.select().where(active & WebhookEndpoint.types.contains_any(list(types))).exists()
