"""The OpenAPI document."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from portal.payments import PaymentProvider
from portal.web.api.openapi.operations import PATHS
from portal.web.api.openapi.payments import payment_paths, payment_schemas
from portal.web.api.openapi.schemas import SCHEMAS
from portal.web.api.openapi.store_schemas import STORE_SCHEMAS
from portal.web.api.openapi.stores import STORE_PATHS, STORE_SECURITY_SCHEME

_ABOUT = """\
Names are camelCase. Money is a decimal string beside its currency, tokens are a decimal string beside `...Wei`.

Errors are `{"error": {"code", "message", "fields"?}}`: the code is stable, the message is in the reader's language
(a path prefix such as `/uk`, else `Accept-Language`), the fields name what to correct. Wallets, contracts and tokens
are in EIP-55.

A session comes from the form at `/login` (`email`, `password`, `csrf_token`) or from `/api/auth/wallet`. Requests
that change something carry the token of a page's `<meta name="csrf-token">` as `X-CSRFToken`; over HTTPS they also
carry a `Referer` of the portal. Bodies are read as JSON whatever their content type. A duplicate member
is refused, an unknown one is ignored.
"""

_SESSION_COOKIE = "The session cookie set by any page; signed in where the operation requires it."
_SECURITY_SCHEMES: dict[str, Any] = {
    "csrfToken": {
        "type": "apiKey",
        "in": "header",
        "name": "X-CSRFToken",
        "description": 'The token of the session, from a page\'s `<meta name="csrf-token">`.',
    },
    "cronSecret": {"type": "http", "scheme": "bearer", "description": "The setting CRON_SECRET."},
}

_TAGS = (
    ("store", "Products, orders and payments."),
    ("referrals", "Share codes, visits and rewards."),
    ("accounts", "Wallets that are linked to an account or sign in to one."),
    ("connected stores", "Orders of stores that sell elsewhere, with a key of the store."),
    ("admin", "Decisions about rewards, and minting."),
    ("callbacks", "Called by the payment provider and an external scheduler."),
    ("operations", "Monitoring."),
)


def api_description(
    app_url: str, version: str, providers: Sequence[PaymentProvider], session_cookie: str
) -> dict[str, Any]:
    """Return the OpenAPI 3.1 document of a portal at `app_url` with these payment providers."""
    session = {"type": "apiKey", "in": "cookie", "name": session_cookie, "description": _SESSION_COOKIE}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Referral portal",
            "version": version,
            "description": _ABOUT,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": app_url}],
        "tags": [{"name": name, "description": text} for name, text in _TAGS],
        "paths": {**PATHS, **STORE_PATHS, **payment_paths(providers)},
        "components": {
            "schemas": {**SCHEMAS, **STORE_SCHEMAS, **payment_schemas(providers)},
            "securitySchemes": {"session": session, **_SECURITY_SCHEMES, **STORE_SECURITY_SCHEME},
        },
    }
