"""What the portal sees of a request, reported to `flask doctor` only: a header signed with the portal's secret."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlencode

from flask import Request
from itsdangerous import BadData, URLSafeTimedSerializer

from portal.lib.signing import timed_serializer

HEADER = "X-Portal-Probe"
_SECONDS = 60


def new_probe(secret_key: str) -> str:
    """Return the value of the request's header."""
    return str(_serializer(secret_key).dumps("doctor"))


def answer_probe(request: Request, secret_key: str) -> str | None:
    """Return the value of the response's header, None for a request that was not signed here."""
    try:
        _serializer(secret_key).loads(request.headers.get(HEADER, ""), max_age=_SECONDS)
    except BadData:
        return None
    forwarded = [part for part in request.headers.get("X-Forwarded-For", "").split(",") if part.strip()]
    return urlencode({"scheme": request.scheme, "forwarded": len(forwarded)})


def read_probe(value: str) -> dict[str, str] | None:
    """Return what the portal saw, None if it did not recognise the probe."""
    seen = dict(parse_qsl(value))
    return seen if seen.keys() >= {"scheme", "forwarded"} else None


def _serializer(secret_key: str) -> URLSafeTimedSerializer:
    return timed_serializer(secret_key, "doctor-probe")
