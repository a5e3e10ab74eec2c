"""Read endpoints and deliveries."""

from __future__ import annotations

from collections.abc import Collection

from peewee import SQL, fn

from models import WebhookDelivery, WebhookEndpoint, WebhookEvent
from portal.db import Keyset, Page, cut_page, parse_cursor

DELIVERIES_PAGE, DISABLED_PAGE = 20, 5
_HIGHEST_ID = 2**63 - 1
# Each endpoint has its deliveries in an index: a store with few of them must not read those of all stores.
_NEWEST_DELIVERIES = """ARRAY(
    SELECT newest.id FROM webhook_endpoints e CROSS JOIN LATERAL (
        SELECT d.id FROM webhook_deliveries d WHERE d.endpoint_id = e.id AND d.id < %s ORDER BY d.id DESC LIMIT %s
    ) AS newest
    WHERE e.store_id = %s ORDER BY newest.id DESC LIMIT %s
)"""


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
    (last_id,) = parse_cursor(cursor, WebhookDelivery.id) if cursor else (_HIGHEST_ID,)
    newest = SQL(_NEWEST_DELIVERIES, [last_id, DELIVERIES_PAGE + 1, store_id, DELIVERIES_PAGE + 1])
    rows = (
        WebhookDelivery.select(WebhookDelivery, WebhookEvent, WebhookEndpoint)
        .join(WebhookEvent)
        .switch(WebhookDelivery)
        .join(WebhookEndpoint)
        .where(WebhookDelivery.id == fn.ANY(newest))
        .order_by(WebhookDelivery.id.desc())
    )
    return cut_page(list(rows), DELIVERIES_PAGE, lambda row: (row.id,))


def has_endpoints_for(types: Collection[str]) -> bool:
    """Return whether an active endpoint of any store chose one of these events."""
    active = WebhookEndpoint.disabled_at.is_null()
    return WebhookEndpoint.select().where(active & WebhookEndpoint.types.contains_any(list(types))).exists()
