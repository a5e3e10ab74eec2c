"""The first-touch cookies. They are untrusted: every use looks the code up again. See docs/rules/attribution.md.

With `REFERRAL_CONSENT_REQUIRED` a landing sets no cookie: the page asks, and until the visitor has answered, links and
forms carry the code.
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qsl

from flask import Flask, Response, g, request, session

from portal.attribution import code_in_link, find_linked_code, is_well_formed_code
from portal.codes import label_form
from portal.db import report_outage
from portal.runtime import current_portal
from portal.visits import is_prefetch
from portal.web.core.cookies import own_cookie_name, valid_cookie
from portal.web.core.fetch_metadata import is_opened_page, purposes

REFERRAL_COOKIE = "ring_ref"
VISIBLE_COOKIE = "ring_ref_visible"
LABEL_COOKIE = "ring_via"
CONSENT_COOKIE = "ring_consent"
# Set by portal.js: the current visit, with the prefix under HTTPS.
VISIT_COOKIES = ("__Host-ring_visit", "ring_visit")
LIFETIME_SECONDS = 30 * 24 * 3600
CONSENT_SECONDS = 180 * 24 * 3600
_ENTERED = "entered_code"
_PAIR_BREAK = re.compile("[?;]")
_CARRYING_PAGES = {"account", "checkout", "referrer", "shop"}


def install_referral_cookies(app: Flask) -> None:
    """Store the first touch after every landing."""
    app.before_request(_decline_prefetch)
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


def referral_label() -> str | None:
    """Return the label of the link that the first touch came by, or None."""
    label = valid_cookie(LABEL_COOKIE, lambda text: label_form(text) is not None)
    return label_form(label) if label and raw_referral_cookie() else None


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
    """Return the code in the URL of this request, or of the alias there; or None."""
    if "landing_code" not in g:
        g.landing_code = _read_landing_code(_linked_values("ref"))
    code: str | None = g.landing_code
    return code


def landing_label() -> str | None:
    """Return the label in the URL of this request, or None."""
    return next(filter(None, map(label_form, _linked_values("via"))), None)


def _linked_values(wanted: str) -> list[str]:
    # Links get damaged on their way: `&amp;`, or a second question mark where the address had one already.
    query = _PAIR_BREAK.sub("&", request.query_string.decode("utf-8", "replace"))
    return [value for name, value in parse_qsl(query) if name.lower() == wanted]


def _read_landing_code(values: list[str]) -> str | None:
    if not values:
        return None
    try:
        return find_linked_code(values)
    except Exception as error:
        # A page without the database is a landing, too; then only codes are recognised.
        if not report_outage(error):
            raise
        return code_in_link(values)


def remember_first_touch(response: Response) -> Response:
    """Set both cookies on any page with `?ref=CODE`, error pages included, unless there is a first touch already.

    Only a page that a tab opens is a landing: images, frames and scripts of other sites must not choose the referrer.
    """
    if not request.args or not _is_landing(response):
        return response
    code = landing_code()
    if code:
        response.vary.add("Cookie")
        if _may_remember() and is_opened_page(request.environ):
            set_first_touch(response, code, landing_label())
    return response


def set_first_touch(response: Response, code: str, label: str | None) -> None:
    """Set the cookies of a code and the label of its link, unless the request has a code: the first touch wins."""
    if referral_cookie() is not None:
        return
    _set(response, REFERRAL_COOKIE, code, LIFETIME_SECONDS, http_only=True)
    _set(response, VISIBLE_COOKIE, code, LIFETIME_SECONDS)
    if label:
        _set(response, LABEL_COOKIE, label, LIFETIME_SECONDS, http_only=True)
    elif LABEL_COOKIE in request.cookies:
        response.delete_cookie(LABEL_COOKIE, path="/", samesite="Lax", secure=_is_secure())


def forget_first_touch(response: Response) -> Response:
    """Delete the stored code and its visit."""
    for name in (REFERRAL_COOKIE, VISIBLE_COOKIE, LABEL_COOKIE, *VISIT_COOKIES):
        response.delete_cookie(
            name, path="/", samesite="Lax", secure=_is_secure() or name.startswith("__Host-")
        )
    return response


def _decline_prefetch() -> Response | None:
    """Answer the prefetch of a landing with 503: opening the page then sends a request of its own, which counts."""
    is_landing = request.args and request.method in ("GET", "HEAD") and not request.path.startswith("/api/")
    if not is_landing or not is_prefetch(purposes(request.environ)):
        return None
    if landing_code() is None or referral_cookie() is not None:
        return None
    return Response("", 503, {"Cache-Control": "no-store"}, mimetype="text/plain")


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
            if label := landing_label():
                values.setdefault("via", label)


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
