"""The id of a request: in the answer's X-Request-ID header, on its log lines and on error pages."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from flask import has_request_context, request
from structlog.contextvars import bind_contextvars, clear_contextvars

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

REQUEST_ID = "portal.request_id"
_HEADER = "X-Request-ID"
_WELL_FORMED = re.compile(r"[A-Za-z0-9._-]{8,64}")


class RequestIds:
    """Give every request an id, the proxy's own where the proxy is trusted and its id well-formed."""

    def __init__(self, application: WSGIApplication, *, trust_header: bool) -> None:
        self._application = application
        self._trust_header = trust_header

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        request_id = self._received_id(environ) or secrets.token_hex(8)
        environ[REQUEST_ID] = request_id
        clear_contextvars()
        bind_contextvars(request_id=request_id)

        def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            return start_response(status, [*headers, (_HEADER, request_id)], exc_info)

        return self._application(environ, start)

    def _received_id(self, environ: WSGIEnvironment) -> str | None:
        received = environ.get("HTTP_X_REQUEST_ID", "") if self._trust_header else ""
        return received if _WELL_FORMED.fullmatch(received) else None


def current_request_id() -> str:
    """Return the id of the current request, "" outside of one."""
    return str(request.environ.get(REQUEST_ID, "")) if has_request_context() else ""
