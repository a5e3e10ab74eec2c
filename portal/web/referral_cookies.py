"""The first-touch cookies. They are an untrusted hint: every use looks the code up again (SPEC section 2.1)."""

from __future__ import annotations

from flask import Response, request

from portal.attribution import is_well_formed_code
from portal.web.requests import portal

REFERRAL_COOKIE = "ring_ref"
VISIBLE_COOKIE = "ring_ref_visible"
LIFETIME_SECONDS = 30 * 24 * 3600


def raw_referral_cookie() -> str | None:
    """Return the remembered text as it came, None when empty; the guards say what is wrong with it."""
    # A quoted cookie can spell a NUL, which no text column holds.
    return request.cookies.get(REFERRAL_COOKIE, "")[:64].replace("\x00", "\ufffd") or None


def referral_cookie() -> str | None:
    """Return the remembered code when it is at least well-formed."""
    code = raw_referral_cookie()
    return code if code and is_well_formed_code(code) else None


def remember_first_touch(response: Response) -> Response:
    """Set both cookies on a landing page with `?ref=CODE`, unless a first touch is already remembered."""
    code = request.args.get("ref", "")
    if _is_landing(response) and is_well_formed_code(code) and referral_cookie() is None:
        for name, http_only in ((REFERRAL_COOKIE, True), (VISIBLE_COOKIE, False)):
            response.set_cookie(
                name,
                code,
                max_age=LIFETIME_SECONDS,
                path="/",
                samesite="Lax",
                httponly=http_only,
                secure=portal().settings.app_url.startswith("https://") or request.is_secure,
            )
        response.vary.add("Cookie")
    return response


def _is_landing(response: Response) -> bool:
    is_page = response.mimetype == "text/html" and response.status_code < 400
    return request.method in ("GET", "HEAD") and is_page and not request.path.startswith("/api/")
