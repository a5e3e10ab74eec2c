"""Ask a store's API: HTTPS only, a time limit, and one meaning for each kind of answer."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlencode, urlsplit

from portal.lib.http import HttpAnswer, HttpFailed, get, post
from portal.lib.public_http import is_public_host
from portal.stores.adapters.exact_json import parse_exact_json
from portal.stores.adapters.protocol import DeliveryUnreadable, StoreApi, StoreRefused, StoreUnreachable

TIMEOUT_SECONDS, ANSWER_LIMIT = 30, 8 * 1024 * 1024
_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_LONGEST_WAIT = 24 * 3600


def ask_api(api: StoreApi, path: str, arguments: Mapping[str, str], headers: Mapping[str, str]) -> Any:
    """Return the parsed answer to a GET, None for what does not exist; raise StoreUnreachable or StoreRefused."""
    query = f"?{urlencode(arguments)}" if arguments else ""
    url = address_of(api, path) + query
    try:
        return content_of(get(url, timeout=TIMEOUT_SECONDS, limit=ANSWER_LIMIT, headers=headers))
    except HttpFailed as error:
        raise _unreachable(type(error).__name__) from None


def post_api(api: StoreApi, path: str, body: object, headers: Mapping[str, str]) -> Any:
    """Return the parsed answer to a POST of JSON, None for what does not exist; raise as ask_api does."""
    sent = {"Content-Type": "application/json", **headers}
    try:
        answer = post(
            address_of(api, path),
            json.dumps(body).encode(),
            sent,
            timeout=TIMEOUT_SECONDS,
            limit=ANSWER_LIMIT,
        )
    except HttpFailed as error:
        raise _unreachable(type(error).__name__) from None
    return content_of(answer)


def ask_graphql(api: StoreApi, path: str, query: str, variables: object, headers: Mapping[str, str]) -> Any:
    """Return the data of a GraphQL answer; raise StoreUnreachable, also for errors of the query, or StoreRefused."""
    answer = post_api(api, path, {"query": query, "variables": variables}, headers)
    if not isinstance(answer, dict) or answer.get("errors") or not isinstance(answer.get("data"), dict):
        raise _unreachable(_first_message(answer))
    return answer["data"]


@contextmanager
def documented_answer() -> Iterator[None]:
    """Raise StoreUnreachable for whatever goes wrong while the frame of an answer is read."""
    try:
        yield
    except (LookupError, TypeError, AttributeError, ValueError, ArithmeticError):
        raise _unreachable("the answer has another form") from None


def address_of(api: StoreApi, path: str) -> str:
    """Return the address of a part of the API.

    Raises StoreUnreachable for one that would send keys in the clear or leads into the server's own network. A name
    that leads elsewhere a moment later finds no server there with a certificate for it.
    """
    parts = urlsplit(api.url)
    if parts.scheme != "https" and not (api.allow_private and parts.hostname in _LOOPBACK):
        raise _unreachable("the address must begin with https://")
    if not api.allow_private and not is_public_host(parts.hostname or "", parts.port or 443):
        raise _unreachable("the address is not public")
    return f"{api.url.rstrip('/')}/{path}"


def content_of(answer: HttpAnswer) -> Any:
    """Return a parsed answer, None for status 404; raise StoreUnreachable or StoreRefused."""
    if answer.status in (401, 403):
        raise StoreRefused
    if answer.status == 404:
        return None
    if answer.status != 200:
        wait = answer.headers.get("Retry-After", "")
        seconds = min(int(wait[:9]), _LONGEST_WAIT) if wait.isascii() and wait.isdecimal() else None
        raise StoreUnreachable(detail=f"HTTP {answer.status}", retry_after=seconds)
    try:
        return parse_exact_json(answer.body)
    except DeliveryUnreadable:
        raise _unreachable("the answer is not JSON") from None


def _unreachable(detail: str) -> StoreUnreachable:
    return StoreUnreachable(detail=detail, retry_after=None)


def _first_message(answer: object) -> str:
    errors = answer.get("errors") if isinstance(answer, dict) else None
    first = errors[0] if isinstance(errors, list) and errors else None
    text = first.get("message") if isinstance(first, dict) else None
    return f"GraphQL: {str(text)[:200]}" if text else "the answer has no data"
