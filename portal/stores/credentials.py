"""Secrets of a store's webhooks and signed requests, and the credentials of its API.

They are stored encrypted. See docs/rules/stores.md.
"""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Literal

from models import Store
from portal.db import Actor, record_event, transaction
from portal.lib.errors import PortalError
from portal.lib.sealing import STORE_SECRET, require_mark, seal, unseal
from portal.lib.urls import split_url
from portal.stores.adapters.protocol import StoreApi
from portal.stores.queries import lock_store

# A platform's secret may be a set of public keys.
SECRET_MIN, SECRET_MAX = 8, 4000
SecretName = Literal["webhook_secret", "signing_secret"]


class WebhookSecretInvalid(PortalError):
    """A webhook secret is too short or too long, or has spaces; params `at_least` and `at_most`."""

    code = "webhook_secret_invalid"


class SigningSecretMissing(PortalError):
    """The store has no signing secret, so its requests cannot be required to be signed."""

    code = "signing_secret_missing"


class ApiAddressInvalid(PortalError):
    """The address of a store's API is not the address of a website."""

    code = "store_api_address_invalid"


def rotate_webhook_secret(
    store_id: int, key: str, actor: Actor, secret: str | None = None, *, seen: str | None = None
) -> str:
    """Give a store's webhooks a new secret and return it; the one in use stays valid until it is ended.

    `key` seals it. A secret that the platform has chosen is checked: raises WebhookSecretInvalid. A secret that nothing
    was signed with yet is dropped, so that the one before it stays valid.
    With `seen`, the mark of the secret that the user saw, a repeated form changes nothing: raises SecretReplaced.
    """
    new = secrets.token_urlsafe(32) if secret is None else _checked(secret)
    return _rotate("webhook_secret", new, store_id, key, actor, seen=seen)


def end_previous_webhook_secret(store_id: int, actor: Actor) -> bool:
    """Refuse what is signed with the secret before the present one; return whether there was one."""
    return _end_previous("webhook_secret", store_id, actor)


def webhook_secrets(store: Store, key: str) -> tuple[str, ...]:
    """Return the secrets that are valid now, the newest first; raise SealBroken."""
    return _valid((store.webhook_secret, store.previous_webhook_secret), store.id, key)


def rotate_signing_secret(store_id: int, key: str, actor: Actor, *, seen: str | None = None) -> str:
    """Give a store a new secret for signing its requests and return it; the one in use stays valid until it is ended.

    `key` seals it. `seen` and a secret that was not used are treated as in `rotate_webhook_secret`.
    """
    new = f"whsec_{base64.b64encode(secrets.token_bytes(24)).decode()}"
    return _rotate("signing_secret", new, store_id, key, actor, seen=seen)


def end_previous_signing_secret(store_id: int, actor: Actor) -> bool:
    """Refuse requests signed with the secret before the present one; return whether there was one."""
    return _end_previous("signing_secret", store_id, actor)


def signing_secrets(store: Store, key: str) -> tuple[str, ...]:
    """Return the secrets for signed requests that are valid now, the newest first; raise SealBroken."""
    return _valid((store.signing_secret, store.previous_signing_secret), store.id, key)


def note_secret_used(store: Store, name: SecretName, is_signed_with: Callable[[str], bool], key: str) -> None:
    """Record the first use of a new secret beside a previous one; `is_signed_with` checks what has just arrived."""
    sealed = getattr(store, name)
    if getattr(store, f"previous_{name}") is None or getattr(store, f"{name}_used"):
        return
    if is_signed_with(unseal(sealed, key, store.id, STORE_SECRET)):
        # A secret that was replaced meanwhile is not the one that was used.
        is_same = getattr(Store, name) == bytes(sealed)
        Store.update({f"{name}_used": True}).where((Store.id == store.id) & is_same).execute()


def require_signature(store_id: int, actor: Actor, *, is_required: bool) -> bool:
    """Refuse a store's unsigned requests from now on, or accept them again; return whether that was a change.

    Raises SigningSecretMissing.
    """
    with transaction():
        store = lock_store(store_id)
        if is_required and store.signing_secret is None:
            raise SigningSecretMissing
        changed = (
            Store.update(signature_required=is_required)
            .where((Store.id == store_id) & (Store.signature_required != is_required))
            .execute()
        )
        if changed:
            record_event(
                actor, "store", store_id, "signature_required" if is_required else "signature_optional"
            )
    return bool(changed)


def _rotate(
    name: SecretName, new: str, store_id: int, key: str, actor: Actor, *, seen: str | None = None
) -> str:
    with transaction():
        store = lock_store(store_id)
        require_mark(getattr(store, name), seen)
        changes: dict[str, Any] = {name: seal(new, key, store_id, STORE_SECRET)}
        if getattr(store, f"previous_{name}") is None or getattr(store, f"{name}_used"):
            changes |= {f"previous_{name}": getattr(store, name), f"{name}_used": False}
        Store.update(**changes).where(Store.id == store_id).execute()
        is_webhook = name == "webhook_secret"
        record_event(
            actor, "store", store_id, "webhook_secret_changed" if is_webhook else "signing_secret_changed"
        )
    return new


def _end_previous(name: SecretName, store_id: int, actor: Actor) -> bool:
    column = getattr(Store, f"previous_{name}")
    with transaction():
        ended = Store.update({column: None}).where((Store.id == store_id) & column.is_null(False)).execute()
        if ended:
            is_webhook = name == "webhook_secret"
            record_event(
                actor, "store", store_id, "webhook_secret_ended" if is_webhook else "signing_secret_ended"
            )
    return bool(ended)


def _valid(sealed: Iterable[bytes | None], store_id: int, key: str) -> tuple[str, ...]:
    return tuple(unseal(secret, key, store_id, STORE_SECRET) for secret in sealed if secret is not None)


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
