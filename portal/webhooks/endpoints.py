"""Endpoints: create them, rotate their secrets, disable and enable them. See docs/stores/webhooks.md."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from peewee import SQL, fn

from models import WebhookDelivery, WebhookEndpoint
from portal.db import Actor, query, record_event, transaction
from portal.lib.errors import InputInvalid, PortalError
from portal.lib.sealing import WEBHOOK_SECRET, require_mark, seal
from portal.webhooks.rules import (
    MOST_ENDPOINTS,
    ROTATION,
    EndpointUnknown,
    TooManyEndpoints,
    WebhookUrlInvalid,
    check_types,
    check_url,
)
from portal.webhooks.signing import new_secret
from portal.webhooks.status_rules import DeliveryStatus


@dataclass(frozen=True)
class NewSecret:
    """The secret of an endpoint, which is shown once."""

    endpoint_id: int
    text: str


def create_endpoint(
    store_id: int, url: str, types: Iterable[str], actor: Actor, *, key: str, allow_private: bool
) -> NewSecret:
    """Create an endpoint of a store and return its secret; `key` seals it.

    Raises InputInvalid with WebhookUrlInvalid and WebhookTypesMissing by field, or TooManyEndpoints.
    """
    address, chosen = _check(url, types, allow_private=allow_private)
    with transaction():
        _require_room(store_id)
        _require_new(store_id, address, chosen)
        endpoint_id = int(query("SELECT nextval(pg_get_serial_sequence('webhook_endpoints', 'id'))")[0][0])
        secret = new_secret()
        WebhookEndpoint.insert(
            id=endpoint_id,
            store=store_id,
            url=address,
            types=chosen,
            secret=seal(secret, key, endpoint_id, WEBHOOK_SECRET),
            created_by=actor.user_id,
        ).execute()
        data = {"storeId": store_id, "url": address, "types": chosen}
        record_event(actor, "webhook_endpoint", endpoint_id, "webhook_endpoint_created", data=data)
    return NewSecret(endpoint_id, secret)


def rotate_secret(
    store_id: int, endpoint_id: int, actor: Actor, *, key: str, seen: str | None = None
) -> NewSecret:
    """Replace the secret of an endpoint; the previous one signs too for 24 hours. Raise EndpointUnknown.

    A second rotation ends the secret before the previous one at once. With `seen`, the mark of the secret that the user
    saw, a repeated form changes nothing: raises SecretReplaced.
    """
    secret = new_secret()
    with transaction():
        query("SELECT 1 FROM webhook_endpoints WHERE id = %s FOR NO KEY UPDATE", [endpoint_id])
        require_mark(get_endpoint(store_id, endpoint_id).secret, seen)
        WebhookEndpoint.update(
            secret=seal(secret, key, endpoint_id, WEBHOOK_SECRET),
            previous_secret=WebhookEndpoint.secret,
            previous_secret_until=SQL("now() + %s", [ROTATION]),
        ).where(WebhookEndpoint.id == endpoint_id).execute()
        record_event(actor, "webhook_endpoint", endpoint_id, "webhook_secret_rotated")
    return NewSecret(endpoint_id, secret)


def disable_endpoint(store_id: int, endpoint_id: int, reason: str, actor: Actor) -> WebhookEndpoint | None:
    """Stop sending to an endpoint; its open deliveries wait. Return it, or None if it was disabled already.

    `reason` is admin, gone or failing. Raises EndpointUnknown.
    """
    with transaction():
        get_endpoint(store_id, endpoint_id)
        changed = (
            WebhookEndpoint.update(disabled_at=fn.now(), disabled_reason=reason)
            .where((WebhookEndpoint.id == endpoint_id) & WebhookEndpoint.disabled_at.is_null())
            .execute()
        )
        if not changed:
            return None
        _set_open_deliveries(endpoint_id, due=None)
        record_event(actor, "webhook_endpoint", endpoint_id, "webhook_endpoint_disabled", reason=reason)
        return get_endpoint(store_id, endpoint_id)


def enable_endpoint(store_id: int, endpoint_id: int, actor: Actor) -> bool:
    """Send to an endpoint again, first what waited; return whether it was disabled.

    Raises EndpointUnknown or TooManyEndpoints.
    """
    with transaction():
        if get_endpoint(store_id, endpoint_id).disabled_at is None:
            return False
        _require_room(store_id)
        changed = (
            WebhookEndpoint.update(disabled_at=None, disabled_reason=None, failing_since=None)
            .where((WebhookEndpoint.id == endpoint_id) & WebhookEndpoint.disabled_at.is_null(False))
            .execute()
        )
        if changed:
            _set_open_deliveries(endpoint_id, due=fn.now())
            record_event(actor, "webhook_endpoint", endpoint_id, "webhook_endpoint_enabled")
        return bool(changed)


def get_endpoint(store_id: int, endpoint_id: int) -> WebhookEndpoint:
    """Return an endpoint of a store; raise EndpointUnknown."""
    endpoint = WebhookEndpoint.get_or_none(
        (WebhookEndpoint.id == endpoint_id) & (WebhookEndpoint.store == store_id)
    )
    if endpoint is None:
        raise EndpointUnknown
    return endpoint


def lock_endpoint(endpoint_id: int) -> WebhookEndpoint:
    """Lock and return an endpoint; its deliveries are locked after it. New events need not wait."""
    rows = WebhookEndpoint.select().where(WebhookEndpoint.id == endpoint_id)
    endpoint: WebhookEndpoint = rows.for_update("FOR NO KEY UPDATE").get()  # type: ignore[arg-type]
    return endpoint


def _check(url: str, types: Iterable[str], *, allow_private: bool) -> tuple[str, list[str]]:
    problems: dict[str, PortalError] = {}
    address, chosen = "", list[str]()
    try:
        address = check_url(url, allow_private=allow_private)
    except PortalError as error:
        problems["url"] = error
    try:
        chosen = check_types(types)
    except PortalError as error:
        problems["types"] = error
    if problems:
        raise InputInvalid(problems)
    return address, chosen


def _require_new(store_id: int, address: str, types: list[str]) -> None:
    """Raise InputInvalid for an endpoint that is there: a form sent twice would deliver every event twice."""
    same = (WebhookEndpoint.store == store_id) & (WebhookEndpoint.url == address)
    active = WebhookEndpoint.select().where(same & WebhookEndpoint.disabled_at.is_null())
    if any(set(row.types) == set(types) for row in active):
        raise InputInvalid({"url": WebhookUrlInvalid(field="url", reason="known")})


def _require_room(store_id: int) -> None:
    # Two endpoints created at once count each other.
    query("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"webhook_endpoints:{store_id}"])
    active = (WebhookEndpoint.store == store_id) & WebhookEndpoint.disabled_at.is_null()
    if WebhookEndpoint.select().where(active).count() >= MOST_ENDPOINTS:
        raise TooManyEndpoints(at_most=MOST_ENDPOINTS)


def _set_open_deliveries(endpoint_id: int, *, due: object) -> None:
    WebhookDelivery.update(next_attempt_at=due).where(
        (WebhookDelivery.endpoint == endpoint_id) & (WebhookDelivery.status == DeliveryStatus.PENDING)
    ).execute()
