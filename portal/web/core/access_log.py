"""One log line and one measurement per request: route, status, duration and account, nothing that a visitor typed.

The route is the pattern of the address (`/orders/<int:order_id>`), so ids, tokens and queries stay out of the log.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from flask import Flask, Response, g, request
from werkzeug.wsgi import ClosingIterator

from portal.counters import counters
from portal.logs import get_logger
from portal.web.core.request_id import REQUEST_ID

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

log = get_logger(__name__)

ROUTE, _USER = "portal.route", "portal.user_id"
_UNMATCHED, _STATIC = "unmatched", "/static"
_METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
# Asked for every few seconds, or for every page: their successes are measured, not logged.
QUIET_ROUTES = {_STATIC, "/healthz", "/readyz", "/metrics", "/api/refcodes/track"}


class AccessLog:
    """WSGI middleware: measure every request until its last byte is handed over, and log it."""

    def __init__(self, application: WSGIApplication, *, is_logged: bool) -> None:
        self._application = application
        self._is_logged = is_logged

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        began = time.perf_counter()
        statuses = ["500"]

        def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            statuses[0] = status[:3]
            return start_response(status, headers, exc_info)

        def finish() -> None:
            self._finish(environ, statuses[0], time.perf_counter() - began)

        return _finished(self._application, environ, start, finish)

    def _finish(self, environ: WSGIEnvironment, status: str, seconds: float) -> None:
        route = environ.get(ROUTE) or _route_of(environ["PATH_INFO"])
        method = environ["REQUEST_METHOD"]
        method = method if method in _METHODS else "other"
        counters().count_request(method, route, status, seconds)
        if self._is_logged and (route not in QUIET_ROUTES or status[0] in "45"):
            known = {"user_id": environ[_USER]} if _USER in environ else {}
            # The server may hand over the last byte in another context.
            known["request_id"] = environ.get(REQUEST_ID)
            log.info(
                "request", method=method, route=route, status=int(status), duration=round(seconds, 4), **known
            )


def _route_of(path: str) -> str:
    """Return the route of a request that the application did not see, or that matched none."""
    return _STATIC if path.startswith(f"{_STATIC}/") else _UNMATCHED


def _finished(
    application: WSGIApplication, environ: WSGIEnvironment, start: StartResponse, finish: Callable[[], None]
) -> Iterable[bytes]:
    """Call the application, and `finish` once, when its answer has been read or has failed."""
    try:
        body = application(environ, start)
    except BaseException:
        finish()
        raise
    if isinstance(body, list):
        finish()
        return body
    return ClosingIterator(body, finish)


def install_access_log(app: Flask) -> None:
    """Let the application say which route matched and which account asked."""
    app.before_request(_note_route)
    app.after_request(_note_user)


def _note_route() -> None:
    if request.url_rule is not None:
        request.environ[ROUTE] = request.url_rule.rule


def _note_user(response: Response) -> Response:
    """Note the account that was loaded anyway; loading it now could fail."""
    account = g.get("_login_user")
    if account is not None and account.is_authenticated:
        request.environ[_USER] = account.user.id
    return response
