"""The HTTP session of a node: bounded by `limits`, without redirects, and with a deadline for the whole answer."""

from __future__ import annotations

import time
from typing import Any

import requests

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
