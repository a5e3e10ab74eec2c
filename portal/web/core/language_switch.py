"""The links of the language switch: the open page in the other languages, whatever method showed it."""

from __future__ import annotations

from collections.abc import Iterator

from flask import current_app, request
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from portal.web.core.locale import LOCALES, prefix_locale
from portal.web.core.step_up import came_from


def language_links() -> list[tuple[str, str, str]]:
    """Return (code, name, URL of this page in that language) for the language switch."""
    root = request.script_root.removesuffix(f"/{prefix_locale()}") if prefix_locale() else request.script_root
    page = next((url for url in _candidates() if not _takes_only_forms(url)), "/")
    return [(code, name, f"{root}/{code}{page}") for code, name in LOCALES.items()]


def _candidates() -> Iterator[str]:
    """Yield this address, then the page the form was on, then the pages above."""
    query = request.query_string.decode()
    yield f"{request.path}?{query}" if query else request.path
    yield _bare(came_from())
    path = request.path
    while path := path.rpartition("/")[0]:
        if _is_page(path):
            yield path


def _bare(url: str) -> str:
    first, _slash, rest = url.removeprefix("/").partition("/")
    return f"/{rest}" if first in LOCALES else url


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
