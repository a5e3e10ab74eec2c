"""Calls to other servers: one session factory with time-outs, no redirects and bounded answers."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field

import requests
import urllib3

ANSWER_LIMIT = 256 * 1024
TIMEOUT_SECONDS = 10
_CHUNK = 64 * 1024


class HttpFailed(Exception):
    """The server gave no answer that can be read."""


class ServerUnreachable(HttpFailed):
    """No connection, no answer in time, or the connection broke."""


class AnswerTooLarge(HttpFailed):
    """The answer is longer than the limit."""


@dataclass(frozen=True)
class HttpAnswer:
    """The status, the body and the headers of an answer."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict, compare=False)

    @property
    def text(self) -> str:
        """Return the body as UTF-8, bytes that are none replaced."""
        return self.body.decode("utf-8", "replace")


def http_session() -> requests.Session:
    """Return a session for calls to other servers; close it after use."""
    session = requests.Session()
    session.headers["User-Agent"] = "referral-portal"
    return session


def get(
    url: str,
    *,
    timeout: float = TIMEOUT_SECONDS,
    limit: int = ANSWER_LIMIT,
    headers: Mapping[str, str] | None = None,
) -> HttpAnswer:
    """Return the answer to a GET request, whatever its status; `timeout` is seconds in total. Raise HttpFailed."""
    return _send("GET", url, None, headers or {}, timeout, limit)


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
            return HttpAnswer(answer.status_code, read_body(answer, deadline, limit), answer.headers)
    except OSError as error:  # every error of requests is one
        raise ServerUnreachable(str(error)) from None


def read_body(answer: requests.Response, deadline: float, limit: int) -> bytes:
    """Return the body of a streamed answer; raise AnswerTooLarge, or ServerUnreachable after the deadline."""
    body = bytearray()
    while chunk := _read_some(answer):
        body += chunk
        if len(body) > limit:
            raise AnswerTooLarge(f"more than {limit} bytes")
        if time.monotonic() > deadline:
            raise ServerUnreachable("the answer did not end in time")
    return bytes(body)


def _read_some(answer: requests.Response) -> bytes:
    """Return what has arrived of a body, without waiting for more, so that slow bytes cannot outlast a deadline."""
    try:
        return answer.raw.read1(_CHUNK, decode_content=True) or b""
    except urllib3.exceptions.HTTPError as error:
        raise requests.ConnectionError(error) from None
