"""The origin of a store's webhook secret: created by the portal or by the platform."""

from __future__ import annotations

import base64
import secrets

from models import Store
from portal.db import Actor
from portal.lib.errors import PortalError
from portal.stores.adapters.registry import find_adapter
from portal.stores.credentials import rotate_webhook_secret

# These platforms create the secret themselves; it is entered on the store's page.
PLATFORMS_WITH_OWN_SECRET = ("shopify", "stripe", "saleor")
# Their webhooks are not signed, so they are not accepted: the portal only asks their API.
_PLATFORMS_WITHOUT_WEBHOOKS = ("horoshop", "keycrm")
# Standard Webhooks: 192 random bits after the prefix, in base64.
_STANDARD_PLATFORMS = ("medusa", "vendure")


class WebhooksUnsupported(PortalError):
    """Stores of this platform send no webhooks that the portal can verify; param `platform`."""

    code = "webhooks_unsupported"


class WebhookSecretMissing(PortalError):
    """The platform creates the secret itself, so it has to be entered; param `platform`."""

    code = "webhook_secret_missing"


def webhook_path(store: Store) -> str | None:
    """Return the path that takes the deliveries of a store's platform, None if it sends none that can be verified."""
    if find_adapter(store.platform) is None or store.platform in _PLATFORMS_WITHOUT_WEBHOOKS:
        return None
    return f"/hooks/{store.public_id}/{store.platform}"


def replace_webhook_secret(
    store: Store, key: str, actor: Actor, typed: str | None, *, seen: str | None = None
) -> str:
    """Give a store's webhooks the secret that was typed, else a new one, and return it.

    `seen` is as in `rotate_webhook_secret`. Raises WebhooksUnsupported, WebhookSecretMissing, WebhookSecretInvalid or
    SecretReplaced.
    """
    adapter = find_adapter(store.platform)
    if adapter is None or webhook_path(store) is None:
        raise WebhooksUnsupported(platform=adapter.label if adapter else store.platform)
    if typed is None and store.platform in PLATFORMS_WITH_OWN_SECRET:
        raise WebhookSecretMissing(field="secret", platform=adapter.label)
    secret = new_webhook_secret(store.platform) if typed is None else typed
    return rotate_webhook_secret(store.id, key, actor, secret, seen=seen)


def new_webhook_secret(platform: str) -> str:
    """Return a new secret in the form that a platform's deliveries are signed with."""
    if platform in _STANDARD_PLATFORMS:
        return f"whsec_{base64.b64encode(secrets.token_bytes(24)).decode()}"
    return secrets.token_urlsafe(32)
