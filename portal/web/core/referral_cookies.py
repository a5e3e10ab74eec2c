"""The first-touch cookies. They are untrusted: every use looks the code up again. See docs/rules/attribution.md.

With `REFERRAL_CONSENT_REQUIRED` a landing sets no cookie: the page asks, and until the visitor has answered, links and
forms carry the code.
"""

from __future__ import annotations

from typing import Any

from flask import Flask, Response, request, session

from portal.attribution import code_in_link, is_well_formed_code
from portal.runtime import current_portal
from portal.web.core.cookies import own_cookie_name, valid_cookie

REFERRAL_COOKIE = "ring_ref"
VISIBLE_COOKIE = "ring_ref_visible"
CONSENT_COOKIE = "ring_consent"
VISIT_COOKIE = "ring_visit"  # set by portal.js: the current visit
LIFETIME_SECONDS = 30 * 24 * 3600
CONSENT_SECONDS = 180 * 24 * 3600
_ENTERED = "entered_code"
_CARRYING_PAGES = {"account", "checkout", "referrer", "shop"}


def install_referral_cookies(app: Flask) -> None:
    """Store the first touch after every landing."""
    app.after_request(remember_first_touch)
    if app.extensions["portal"].settings.referral_consent_required:
        app.url_defaults(_carry_code)


def raw_referral_cookie() -> str | None:
    """Return the stored text, well-formed if any value is, None when empty; the guards check it."""
    code = valid_cookie(REFERRAL_COOKIE, is_well_formed_code) or valid_cookie(REFERRAL_COOKIE, bool)
    # A quoted cookie can contain NUL, which a text column cannot store.
    return code[:64].replace("\x00", "\ufffd") if code else None


def referral_cookie() -> str | None:
    """Return the stored code if it is well-formed."""
    code = raw_referral_cookie()
    return code if code and is_well_formed_code(code) else None


def entered_code() -> str | None:
    """Return the code that was entered and accepted at checkout in this session."""
    return session.get(_ENTERED)


def keep_entered_code(code: str | None) -> None:
    """Store the code for the checkouts of this session; None removes it."""
    if code:
        session[_ENTERED] = code
    else:
        session.pop(_ENTERED, None)


def landing_code() -> str | None:
    """Return the code in the URL of this request, or None."""
    names = ((name.lower().removeprefix("amp;"), value) for name, value in request.args.items(multi=True))
    return code_in_link(value for name, value in names if name == "ref")


def remember_first_touch(response: Response) -> Response:
    """Set both cookies on any page with `?ref=CODE`, error pages included, unless there is a first touch already."""
    if not request.args or not _is_landing(response):
        return response
    code = landing_code()
    if code:
        response.vary.add("Cookie")
        if _may_remember():
            set_first_touch(response, code)
    return response


def set_first_touch(response: Response, code: str) -> None:
    """Set both cookies unless the request has a code already: the first touch wins."""
    if referral_cookie() is None:
        _set(response, REFERRAL_COOKIE, code, LIFETIME_SECONDS, http_only=True)
        _set(response, VISIBLE_COOKIE, code, LIFETIME_SECONDS)


def forget_first_touch(response: Response) -> Response:
    """Delete the stored code and its visit."""
    for name in (REFERRAL_COOKIE, VISIBLE_COOKIE, VISIT_COOKIE):
        response.delete_cookie(name, path="/", samesite="Lax", secure=_is_secure())
    return response


# ---------------------------------------------------------------------- consent


def asked_code() -> str | None:
    """Return the code that the page has to ask consent for, or None."""
    is_open = consent() is None and referral_cookie() is None and request.method == "GET"
    return landing_code() if is_open and current_portal().settings.referral_consent_required else None


def consent() -> bool | None:
    """Return whether the visitor agreed, None before an answer."""
    answers = {"yes": True, "no": False}
    return answers.get(valid_cookie(own_cookie_name(CONSENT_COOKIE), answers.__contains__) or "")


def remember_consent(response: Response, agreed: bool | None) -> None:
    """Store the answer of the visitor for half a year; None deletes it."""
    if agreed is None:
        response.delete_cookie(own_cookie_name(CONSENT_COOKIE), path="/", samesite="Lax", secure=_is_secure())
    else:
        _set(
            response,
            own_cookie_name(CONSENT_COOKIE),
            "yes" if agreed else "no",
            CONSENT_SECONDS,
            http_only=True,
        )


def _may_remember() -> bool:
    return not current_portal().settings.referral_consent_required or consent() is True


def _carry_code(endpoint: str, values: dict[str, Any]) -> None:
    """Add the code of the page to its links until the visitor has answered."""
    if endpoint.partition(".")[0] in _CARRYING_PAGES and request and consent() is None:
        code = landing_code() if referral_cookie() is None else None
        if code:
            values.setdefault("ref", code)


# ---------------------------------------------------------------------- setting cookies


def _set(response: Response, name: str, value: str, seconds: int, *, http_only: bool = False) -> None:
    response.set_cookie(
        name,
        value,
        max_age=seconds,
        path="/",
        samesite="Lax",
        httponly=http_only,
        secure=_is_secure(),
    )


def _is_secure() -> bool:
    return current_portal().settings.app_url.startswith("https://") or request.is_secure


def _is_landing(response: Response) -> bool:
    is_page = response.mimetype == "text/html" and not request.path.startswith("/api/")
    return request.method in ("GET", "HEAD") and is_page
