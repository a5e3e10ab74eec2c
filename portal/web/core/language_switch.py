"""The links of the language switch: the open page in the other languages, whatever method showed it."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import parse_qsl, urlencode

from flask import current_app, request
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from portal.lib.urls import split_url
from portal.web.core.locale import LOCALES, offered_locales, prefix_locale
from portal.web.core.step_up import came_from


def language_links() -> list[tuple[str, str, str]]:
    """Return (code, name, URL of this page in that language) for the language switch, [] where there is no choice."""
    offered = offered_locales()
    if len(offered) == 1 and prefix_locale() in (None, *offered):
        return []
    page = next((url for url in _candidates() if not _takes_only_forms(url)), "/")
    return [(code, name, in_language(page, code)) for code, name in offered.items()]


def in_language(url: str, code: str) -> str:
    """Return the address of a page in a language; a page to go on to, in `next`, is in that language too."""
    path, _, query = url.partition("?")
    pairs = parse_qsl(query, keep_blank_values=True)
    if any(name == "next" and _bare(target) != target for name, target in pairs):
        query = urlencode(
            [(name, _next_in(target, code) if name == "next" else target) for name, target in pairs]
        )
    return f"{_root()}/{code}{path}" + (f"?{query}" if query else "")


def switched_locale() -> str | None:
    """Return the language that the visitor has just chosen by the switch, None for any other request.

    The switch leads from a page of the portal to an address of another language. A link from elsewhere, or an address
    that another person sent, is no choice.
    """
    referrer = split_url(request.referrer or "")
    if referrer.netloc != split_url(request.host_url).netloc:
        return None
    before = _first_segment(referrer.path.removeprefix(_root()))
    return prefix_locale() if before != prefix_locale() else None


def _root() -> str:
    return request.script_root.removesuffix(f"/{prefix_locale()}") if prefix_locale() else request.script_root


def _candidates() -> Iterator[str]:
    """Yield this address, then the page the form was on, then the pages above."""
    query = request.query_string.decode()
    yield f"{request.path}?{query}" if query else request.path
    if (form_page := _bare(came_from())) != "/":
        yield form_page
    path = request.path
    while path := path.rpartition("/")[0]:
        if _is_page(path):
            yield path


def _next_in(target: str, code: str) -> str:
    bare = _bare(target)
    return target if bare == target else f"{_root()}/{code}{bare}"


def _bare(url: str) -> str:
    """Return an address of this site without the path of the portal and the language."""
    inside = url.removeprefix(_root()) if _root() else url
    segment = _first_segment(inside)
    return inside[len(segment) + 1 :] or "/" if segment in LOCALES else url


def _first_segment(url: str) -> str:
    return url.removeprefix("/").partition("?")[0].partition("/")[0]


def _takes_only_forms(url: str) -> bool:
    return _is_page(url.partition("?")[0]) is None


def _is_page(path: str) -> bool | None:
    """Return whether a route shows the path, None if there is one that only takes forms."""
    try:
        current_app.url_map.bind("").match(path, method="GET")
    except MethodNotAllowed:
        return None
    except HTTPException:
        return False
    return True
