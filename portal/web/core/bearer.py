"""The token of a request: `Authorization: Bearer TOKEN`, whose scheme is written in any case (RFC 9110, 11.1)."""

from __future__ import annotations

import hmac

from flask import request
from pydantic import SecretStr

_SCHEME = "bearer"


def bearer_token() -> str:
    """Return the bearer token of the request, "" without one."""
    scheme, _space, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == _SCHEME else ""


def has_bearer(secret: SecretStr) -> bool:
    """Return whether the request has a secret as its token; a secret that is not set is never matched."""
    expected = secret.get_secret_value()
    return bool(expected) and hmac.compare_digest(bearer_token().encode(), expected.encode())
