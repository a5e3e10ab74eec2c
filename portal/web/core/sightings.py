"""The origin of a request, and the cookie that recognises a browser (docs/privacy.md)."""

from __future__ import annotations

import secrets

from flask import Response, after_this_request, g, request

from portal.accounts import is_device
from portal.flows.accounts.note_sighting import Sighting
from portal.runtime import current_portal
from portal.web.core.cookies import own_cookie_name, valid_cookie

DEVICE_COOKIE = "ring_device"
LIFETIME_SECONDS = 30 * 24 * 3600


def sighting() -> Sighting:
    """Return the origin of this request; a browser without a device cookie gets one with the response.

    Forwarded addresses are trusted only as `TRUSTED_PROXIES` says, as for the rate limits.
    """
    known = valid_cookie(own_cookie_name(DEVICE_COOKIE), is_device)
    if known is None:
        known = g.setdefault("new_device", secrets.token_urlsafe(16))
        after_this_request(_remember_device)
    return Sighting(request.remote_addr, known)


def _remember_device(response: Response) -> Response:
    response.set_cookie(
        own_cookie_name(DEVICE_COOKIE),
        g.new_device,
        max_age=LIFETIME_SECONDS,
        path="/",
        samesite="Lax",
        httponly=True,
        secure=current_portal().settings.app_url.startswith("https://") or request.is_secure,
    )
    return response
