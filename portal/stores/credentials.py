"""Secrets of a store's webhooks, and the credentials of its API.

They are stored encrypted. See docs/rules/stores.md.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from typing import Any

from models import Store
from portal.db import Actor, record_event, transaction
from portal.lib.errors import PortalError
from portal.lib.sealing import STORE_SECRET, seal, unseal
from portal.lib.urls import split_url
from portal.stores.adapters.protocol import StoreApi
from portal.stores.queries import lock_store

# A platform's secret may be a set of public keys.
SECRET_MIN, SECRET_MAX = 8, 4000


class WebhookSecretInvalid(PortalError):
    """A webhook secret is too short or too long, or has spaces; params `at_least` and `at_most`."""

    code = "webhook_secret_invalid"


class ApiAddressInvalid(PortalError):
    """The address of a store's API is not the address of a website."""

    code = "store_api_address_invalid"


def rotate_webhook_secret(store_id: int, key: str, actor: Actor, secret: str | None = None) -> str:
    """Give a store's webhooks a new secret and return it; the one before stays valid until it is ended.

    `key` seals it. A secret that the platform has chosen is checked: raises WebhookSecretInvalid.
    """
    new = secrets.token_urlsafe(32) if secret is None else _checked(secret)
    with transaction():
        store = lock_store(store_id)
        changes = {Store.webhook_secret: seal(new, key, store_id, STORE_SECRET)}
        Store.update({**changes, Store.previous_webhook_secret: store.webhook_secret}).where(
            Store.id == store_id
        ).execute()
        record_event(actor, "store", store_id, "webhook_secret_changed")
    return new


def end_previous_webhook_secret(store_id: int, actor: Actor) -> bool:
    """Refuse what is signed with the secret before the present one; return whether there was one."""
    with transaction():
        ended = (
            Store.update(previous_webhook_secret=None)
            .where((Store.id == store_id) & Store.previous_webhook_secret.is_null(False))
            .execute()
        )
        if ended:
            record_event(actor, "store", store_id, "webhook_secret_ended")
    return bool(ended)


def webhook_secrets(store: Store, key: str) -> tuple[str, ...]:
    """Return the secrets that are valid now, the newest first; raise SealBroken."""
    sealed = (store.webhook_secret, store.previous_webhook_secret)
    return tuple(unseal(secret, key, store.id, STORE_SECRET) for secret in sealed if secret is not None)


def set_store_api(store_id: int, url: str, credentials: Mapping[str, str], key: str, actor: Actor) -> None:
    """Store how the portal reaches a store's API; raise ApiAddressInvalid. The next poll is due at once."""
    parts = split_url(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise ApiAddressInvalid(field="api_url")
    sealed = seal(json.dumps(dict(credentials)), key, store_id, STORE_SECRET)
    changes: dict[str, Any] = {"api_url": url.rstrip("/"), "api_credentials": sealed}
    with transaction():
        Store.update(**changes, poll_error=None, poll_failures=0, next_poll_at=None, polled_at=None).where(
            Store.id == store_id
        ).execute()
        record_event(actor, "store", store_id, "store_api_changed", data={"url": changes["api_url"]})


def has_store_api(store: Store) -> bool:
    """Return whether the portal may ask a store's API."""
    return bool(store.api_url) and store.api_credentials is not None


def open_store_api(store: Store, key: str, *, allow_private: bool) -> StoreApi | None:
    """Return how to reach a store's API, None if it has none; raise SealBroken.

    Outside development the address must lead to the internet, not into the server's own network.
    """
    if not store.api_url or store.api_credentials is None:
        return None
    credentials = json.loads(unseal(store.api_credentials, key, store.id, STORE_SECRET))
    return StoreApi(store.api_url, credentials, allow_private)


def _checked(secret: str) -> str:
    if not SECRET_MIN <= len(secret) <= SECRET_MAX or not secret.isprintable() or " " in secret:
        raise WebhookSecretInvalid(field="secret", at_least=SECRET_MIN, at_most=SECRET_MAX)
    return secret
