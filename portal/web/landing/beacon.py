"""The visit beacon and its fast path. See docs/rules/visits.md."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable
from functools import lru_cache
from typing import TYPE_CHECKING

from flask import Flask
from werkzeug.exceptions import TooManyRequests

from portal.lib.errors import PortalError
from portal.visits import count_visit, is_countable
from portal.web.core.address_limit import AddressLimit, visitor_key
from portal.web.core.requests import parse_object
from portal.web.core.security import common_headers

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

PATH = "/api/refcodes/track"
ERROR_KEY = "portal.beacon_error"
CODE_MAX = 64
_BODY_MAX, _AGENT_MAX = 1024, 512
_ANSWER = json.dumps({"success": True}).encode() + b"\n"
_PURPOSES = {
    "HTTP_PURPOSE": "purpose",
    "HTTP_SEC_PURPOSE": "sec-purpose",
    "HTTP_X_PURPOSE": "x-purpose",
    "HTTP_X_MOZ": "x-moz",
}


class CodeMalformed(PortalError):
    code = "code_malformed"


class CodeNotFound(PortalError):
    """There is no active code `tried`."""

    code = "code_unknown"


def track_arrival(environ: WSGIEnvironment, body: bytes, limit: AddressLimit) -> None:
    """Count a visit; it is committed when this returns.

    Declared bots and prefetches are ignored without an error. Raises BodyMalformed, CodeMalformed,
    CodeNotFound, TooManyRequests or DatabaseAway.
    """
    if wait := limit.hit(visitor_key(environ.get("REMOTE_ADDR", ""))):
        raise TooManyRequests(retry_after=wait)
    code = parse_object(body).get("code")
    if not isinstance(code, str) or not 1 <= len(code) <= CODE_MAX or not code.isprintable():
        raise CodeMalformed(field="code")
    purposes = {name: environ[key][:_AGENT_MAX] for key, name in _PURPOSES.items() if key in environ}
    if _is_countable(environ.get("HTTP_USER_AGENT", "")[:_AGENT_MAX], **purposes) and not count_visit(code):
        raise CodeNotFound(field="code", tried=code)


class BeaconFastPath:
    """WSGI middleware: answer successful beacons without the rest of the application.

    A beacon needs no session, language or page, which take five times as long as counting. Any other request, and every
    error, goes to the application, which answers in the reader's language.
    """

    def __init__(self, application: WSGIApplication, app: Flask) -> None:
        self._application = application
        settings = app.extensions["portal"].settings
        self._limit: AddressLimit = app.extensions["beacon_limit"]
        self._headers = [
            ("Content-Type", "application/json"),
            ("Content-Length", str(len(_ANSWER))),
            ("Cache-Control", "no-store"),
            *common_headers(settings).items(),
        ]

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if not _is_plain_beacon(environ):
            return self._application(environ, start_response)
        body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
        try:
            track_arrival(environ, body, self._limit)
        except Exception as error:  # the view raises it again
            environ |= {ERROR_KEY: error, "wsgi.input": io.BytesIO(body)}
            return self._application(environ, start_response)
        start_response("200 OK", list(self._headers))
        return [_ANSWER]


def _is_plain_beacon(environ: WSGIEnvironment) -> bool:
    if environ["PATH_INFO"] != PATH or environ["REQUEST_METHOD"] != "POST":
        return False
    length: str = environ.get("CONTENT_LENGTH") or ""
    return length.isdecimal() and int(length) <= _BODY_MAX and not environ.get("QUERY_STRING")


@lru_cache(maxsize=4096)
def _is_countable(user_agent: str, **purposes: str) -> bool:
    return is_countable(user_agent, purposes)
