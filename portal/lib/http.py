"""Calls to other servers: one session factory with time-outs, no redirects and bounded answers."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass

import requests

ANSWER_LIMIT = 256 * 1024
TIMEOUT_SECONDS = 10
# Small, so that a server that sends a few bytes at a time cannot outlast the deadline by much.
_CHUNK = 64


class HttpFailed(Exception):
    """The server gave no answer that can be read."""


class ServerUnreachable(HttpFailed):
    """No connection, no answer in time, or the connection broke."""


class AnswerTooLarge(HttpFailed):
    """The answer is longer than the limit."""


@dataclass(frozen=True)
class HttpAnswer:
    """The status and the body of an answer."""

    status: int
    body: bytes

    @property
    def text(self) -> str:
        """Return the body as UTF-8, bytes that are none replaced."""
        return self.body.decode("utf-8", "replace")


def http_session() -> requests.Session:
    """Return a session for calls to other servers; close it after use."""
    session = requests.Session()
    session.headers["User-Agent"] = "referral-portal"
    return session


def get(url: str, *, timeout: float = TIMEOUT_SECONDS, limit: int = ANSWER_LIMIT) -> HttpAnswer:
    """Return the answer to a GET request, whatever its status; `timeout` is seconds in total. Raise HttpFailed."""
    return _send("GET", url, None, {}, timeout, limit)


def post(
    url: str,
    body: bytes,
    headers: Mapping[str, str],
    *,
    timeout: float = TIMEOUT_SECONDS,
    limit: int = ANSWER_LIMIT,
) -> HttpAnswer:
    """Return the answer to a POST request, whatever its status; `timeout` is seconds in total. Raise HttpFailed."""
    return _send("POST", url, body, headers, timeout, limit)


def _send(
    method: str, url: str, body: bytes | None, headers: Mapping[str, str], timeout: float, limit: int
) -> HttpAnswer:
    deadline = time.monotonic() + timeout
    try:
        with (
            http_session() as session,
            session.request(
                method,
                url,
                data=body,
                headers=dict(headers),
                timeout=timeout,
                allow_redirects=False,
                stream=True,
            ) as answer,
        ):
            return HttpAnswer(answer.status_code, _read(answer, deadline, limit))
    except OSError as error:  # every error of requests is one
        raise ServerUnreachable(str(error)) from None


def _read(answer: requests.Response, deadline: float, limit: int) -> bytes:
    body = bytearray()
    for chunk in answer.iter_content(_CHUNK):
        body += chunk
        if len(body) > limit:
            raise AnswerTooLarge(f"more than {limit} bytes")
        if time.monotonic() > deadline:
            raise ServerUnreachable("the answer did not end in time")
    return bytes(body)
