"""Check the signature of a store's request and record one that is refused."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from models import Store
from portal.lib.clock import utc_now
from portal.lib.errors import PortalError
from portal.settings import Settings
from portal.stores import check_signature, note_secret_used, record_store_event, signing_secrets

KIND = "api.request"


def check_request(
    store: Store, body: bytes, headers: Mapping[str, str], settings: Settings, *, live: bool
) -> None:
    """Check a request's signature if it has one or the store requires it; `headers` have names in lower case.

    Raises what check_signature raises; the refusal is in the store's event log.
    """
    key = settings.stored_key
    try:
        check_signature(
            body, headers, signing_secrets(store, key), required=store.signature_required, now=utc_now()
        )
    except PortalError as error:
        record_store_event(
            store.id,
            KIND,
            live=live,
            verified=False,
            outcome="refused",
            body_sha256=hashlib.sha256(body).hexdigest(),
            explanation={"error": error.code, "field": None, "params": error.params},
        )
        raise
    note_secret_used(store, "signing_secret", lambda secret: _is_signed_with(body, headers, secret), key)


def _is_signed_with(body: bytes, headers: Mapping[str, str], secret: str) -> bool:
    try:
        check_signature(body, headers, (secret,), required=True, now=utc_now())
    except PortalError:
        return False
    return True
