"""Choose the language: the prefix of the path, the cookie, the account, Accept-Language, English.

The prefix moves into SCRIPT_NAME, so every route exists once and every `url_for` keeps the prefix.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING
from urllib.parse import quote

from flask import g, has_request_context, request

from portal.runtime import current_portal
from portal.web.core.cookies import own_cookie_name, valid_cookie
from portal.web.core.current_user import find_current_user
from portal.web.core.paths import PathSpelling, language_of

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

LOCALES = {"en": "English", "uk": "Українська", "ru": "Русский"}
LOCALE_COOKIE = "ring_locale"
_QUERY_SAFE = "".join(map(chr, range(0x21, 0x7F)))


class LocalePrefix:
    """WSGI middleware: serve `/uk/cart` as `/cart` in Ukrainian, and other spellings of a path as the route's own."""

    def __init__(self, app: WSGIApplication, spelling: PathSpelling) -> None:
        self.app = app
        self._spelling = spelling

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        first, _, rest = path.lstrip("/").partition("/")
        if locale := language_of(first):
            environ["portal.locale"] = locale
            environ["SCRIPT_NAME"] = f"{environ.get('SCRIPT_NAME', '')}/{locale}"
            path = f"/{rest}"
        environ["PATH_INFO"] = self._spelling.correct(path, has_language=locale is not None)
        query = environ.get("QUERY_STRING", "")
        if not query.isascii():  # raw bytes, which the application cannot decode safely
            environ["QUERY_STRING"] = quote(query.encode("latin1"), safe=_QUERY_SAFE)
        return self.app(environ, start_response)


def offered_locales() -> dict[str, str]:
    """Return the names of the languages that visitors may choose, by code."""
    offered = current_portal().settings.languages
    return {code: name for code, name in LOCALES.items() if code in offered}


def prefix_locale() -> str | None:
    """Return the locale of the path prefix, or None."""
    return request.environ.get("portal.locale")


def remembered_locale() -> str | None:
    """Return the language that this browser chose last, or None."""
    return valid_cookie(own_cookie_name(LOCALE_COOKIE), offered_locales().__contains__)


def select_locale() -> str:
    """Return the language of the response."""
    if not has_request_context():
        return "en"
    if "locale" not in g:
        offered = list(offered_locales())
        g.locale = _chosen() or request.accept_languages.best_match(offered) or offered[0]
    return str(g.locale)


def _chosen() -> str | None:
    user = find_current_user()
    own = user.locale if user and user.locale in offered_locales() else None
    return prefix_locale() or remembered_locale() or own
