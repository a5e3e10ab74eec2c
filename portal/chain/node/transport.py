"""The HTTP session of a node: bounded by `limits`, without redirects, and with a deadline for the whole answer."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import requests

from portal.chain.node.answers import PARSE_ERRORS
from portal.chain.node.limits import admit_call
from portal.lib.http import http_session, read_body

_ANSWER_LIMIT = 64 * 1024 * 1024


class NodeSession(requests.Session):
    """A session whose calls end within `timeout_seconds`, or sooner within `limited_node_calls`.

    Raises NodeNotAsked, HttpFailed or the errors of requests.
    """

    def __init__(self, timeout_seconds: float) -> None:
        super().__init__()
        self.headers.update(http_session().headers)
        self._timeout_seconds = timeout_seconds

    def request(self, method: Any, url: Any, *args: Any, **options: Any) -> requests.Response:
        """Return the answer, read to its end."""
        with admit_call(str(url), self._timeout_seconds) as seconds:
            deadline = time.monotonic() + seconds
            options |= {"timeout": seconds, "allow_redirects": False, "stream": True}
            with super().request(method, url, *args, **options) as answer:
                # `timeout` bounds each wait for bytes; a node that sends them one by one must not outlast it.
                answer._content = read_body(answer, deadline, _ANSWER_LIMIT)
        return answer


def rpc_error(response: requests.Response) -> dict[str, Any] | None:
    """Return the JSON-RPC error in the body of an HTTP error, None if there is none."""
    try:
        details = response.json()["error"]
    except PARSE_ERRORS:
        return None
    return details if isinstance(details, dict) else None


def retry_after(response: requests.Response) -> float | None:
    """Return the seconds of a `Retry-After` header, which is a number or a date; None if there is none."""
    text = response.headers.get("Retry-After", "").strip()
    try:
        if text.isascii() and text.isdigit():
            return int(text)
        return (parsedate_to_datetime(text) - datetime.now(UTC)).total_seconds()
    except (TypeError, ValueError, OverflowError):
        return None
