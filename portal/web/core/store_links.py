"""Signed addresses for a store's customer: the dashboard inside the store, and connecting the own account."""

from __future__ import annotations

from itsdangerous import BadSignature, SignatureExpired, URLSafeTimedSerializer
from werkzeug.exceptions import NotFound

from portal.lib.errors import PortalError
from portal.lib.signing import timed_serializer
from portal.runtime import current_portal

EMBED_SECONDS = 15 * 60
_CONNECT_SECONDS = 3600


class StoreLinkExpired(PortalError):
    """The address was made too long ago; the store's page makes a new one."""

    code = "store_link_expired"


def sign_embed(referrer_id: int) -> str:
    """Return the token that shows the dashboard of a store's customer for 15 minutes."""
    return _signer("store-embed").dumps(referrer_id)


def read_embed(token: str) -> tuple[int, bool]:
    """Return the referrer of a token and whether it is still valid; raise NotFound for a token that is not ours."""
    try:
        return _signer("store-embed").loads(token, max_age=EMBED_SECONDS), True
    except SignatureExpired as error:
        return _signer("store-embed").load_payload(error.payload or b""), False
    except BadSignature:
        raise NotFound from None


def sign_connection(referrer_id: int) -> str:
    """Return the token of the page on which an account is connected to a store's customer."""
    return _signer("store-connection").dumps(referrer_id)


def read_connection(token: str) -> int:
    """Return the referrer of a token; raise StoreLinkExpired."""
    try:
        referrer_id: int = _signer("store-connection").loads(token, max_age=_CONNECT_SECONDS)
    except BadSignature:
        raise StoreLinkExpired from None
    return referrer_id


def _signer(purpose: str) -> URLSafeTimedSerializer:
    secret_key = current_portal().settings.secret_key.get_secret_value()
    return timed_serializer(secret_key, purpose)
