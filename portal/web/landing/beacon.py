"""The visit beacon and its fast path. See docs/rules/visits.md."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING

from flask import Flask
from werkzeug.exceptions import TooManyRequests

from portal.codes import label_form
from portal.lib.errors import PortalError
from portal.visits import count_visit, is_countable
from portal.web.core.access_log import ROUTE
from portal.web.core.address_limit import AddressLimit, visitor_key
from portal.web.core.fetch_metadata import is_foreign, purposes
from portal.web.core.requests import parse_object

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

PATH = "/api/refcodes/track"
ERROR_KEY = "portal.beacon_error"
CODE_MAX = 64
_BODY_MAX, _AGENT_MAX = 1024, 512
# The cookies of a first touch with a label.
_KEPT = re.compile(r"(?:^|;\s*)ring_(ref|via)=([\w-]{1,32})(?=;|$)")
_ANSWER = json.dumps({"success": True}).encode() + b"\n"


class CodeMalformed(PortalError):
    code = "code_malformed"


class CodeNotFound(PortalError):
    """There is no active code `tried`."""

    code = "code_unknown"


def track_arrival(
    environ: WSGIEnvironment,
    body: bytes,
    limit: AddressLimit,
    app_url: str,
    is_in_store: Callable[[object], bool] = lambda store: False,
) -> None:
    """Count a visit; it is committed when this returns.

    Declared bots, prefetches and pages of other sites are ignored without an error. A page of a store names it;
    `is_in_store` returns whether the request comes from that store.
    Raises BodyMalformed, CodeMalformed, CodeNotFound, TooManyRequests or DatabaseAway.
    """
    if wait := limit.hit(visitor_key(environ.get("REMOTE_ADDR", ""))):
        raise TooManyRequests(retry_after=wait)
    members = parse_object(body)
    code = members.get("code")
    if not isinstance(code, str) or not 1 <= len(code) <= CODE_MAX or not code.isprintable():
        raise CodeMalformed(field="code")
    # Asked first: an answer to a page of a store is readable there, errors included.
    if not ("store" in members and is_in_store(members["store"])) and is_foreign(environ, app_url):
        return
    agent = environ.get("HTTP_USER_AGENT", "")[:_AGENT_MAX]
    if _is_countable(agent, **purposes(environ)) and not count_visit(code, label_of(members, environ)):
        raise CodeNotFound(field="code", tried=code)


def label_of(members: Mapping[str, object], environ: WSGIEnvironment) -> str:
    """Return the label of an arrival: the one reported, else the first touch's if its code is reported; "" without."""
    if isinstance(label := members.get("label"), str):
        return label_form(label) or ""
    cookies = environ.get("HTTP_COOKIE", "")
    if "ring_via=" not in cookies:
        return ""
    kept = dict(_KEPT.findall(cookies))
    return kept.get("via", "") if kept.get("ref") == members.get("code") else ""


class BeaconFastPath:
    """WSGI middleware: answer successful beacons without the rest of the application.

    A beacon needs no session, language or page, which take five times as long as counting. Any other request, one that
    names a store, and every error goes to the application, which answers in the reader's language.
    """

    def __init__(self, application: WSGIApplication, app: Flask) -> None:
        self._application = application
        settings = app.extensions["portal"].settings
        self._app_url = settings.app_url
        self._limit: AddressLimit = app.extensions["beacon_limit"]
        self._headers = [
            ("Content-Type", "application/json"),
            ("Content-Length", str(len(_ANSWER))),
            ("Cache-Control", "no-store"),
        ]

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if not _is_plain_beacon(environ):
            return self._application(environ, start_response)
        body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
        if b'"store"' in body:
            environ["wsgi.input"] = io.BytesIO(body)
            return self._application(environ, start_response)
        try:
            track_arrival(environ, body, self._limit, self._app_url)
        except Exception as error:  # the view raises it again
            environ |= {ERROR_KEY: error, "wsgi.input": io.BytesIO(body)}
            return self._application(environ, start_response)
        environ[ROUTE] = PATH
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
