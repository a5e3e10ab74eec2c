"""The origin of a store's webhook secret: created by the portal or by the platform."""

from __future__ import annotations

import base64
import secrets

# These platforms create the secret themselves; it is entered on the store's page.
PLATFORMS_WITH_OWN_SECRET = ("shopify", "stripe", "saleor")
# Their webhooks are not signed, so they are not accepted: the portal only asks their API.
PLATFORMS_WITHOUT_WEBHOOKS = ("horoshop", "keycrm")
# Standard Webhooks: 192 random bits after the prefix, in base64.
_STANDARD_PLATFORMS = ("medusa", "vendure")


def new_webhook_secret(platform: str) -> str:
    """Return a new secret in the form that a platform's deliveries are signed with."""
    if platform in _STANDARD_PLATFORMS:
        return f"whsec_{base64.b64encode(secrets.token_bytes(24)).decode()}"
    return secrets.token_urlsafe(32)
