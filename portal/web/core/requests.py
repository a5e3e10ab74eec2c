"""What a request wants and carries, asked in one place."""

from __future__ import annotations

import json
import re
from typing import Any, NoReturn
from urllib.parse import urlsplit

from flask import request
from werkzeug.exceptions import NotFound

from portal.lib.errors import PortalError

# The JSON parser recurses in C: a body of brackets alone would exhaust the stack and end the process.
_MAX_BRACKETS = 900
# A sign-in that waits for the second factor keeps the page to go to in its cookie, of 4 KB in all.
_PATH_MAX = 1500
# Outside /api/, for operators and programs.
_JSON_PATHS = ("/healthz", "/readyz", "/openapi.json")
# A JSON escape or a %00 can spell these; neither UTF-8 nor a text column can hold them.
_UNSTORABLE = re.compile(r"[\x00\ud800-\udfff]")


class BodyMalformed(PortalError):
    """The body is not a JSON object."""

    code = "body_malformed"


class FieldInvalid(PortalError):
    """A field has the wrong type; `expected` names the right one."""

    code = "field_invalid"


def wants_json() -> bool:
    """Tell whether the answer, errors included, is JSON."""
    return request.path.startswith("/api/") or request.path in _JSON_PATHS


def is_htmx() -> bool:
    """Tell whether htmx asks for a fragment rather than a page."""
    return request.headers.get("HX-Request") == "true"


def json_body() -> dict[str, object]:
    """Return the body as a JSON object, {} when empty; raise BodyMalformed."""
    return parse_object(request.get_data(cache=True))


def parse_object(raw: bytes) -> dict[str, object]:
    """Return bytes as a JSON object, {} when there are none; raise BodyMalformed.

    Malformed is also what programs read differently: a member given twice, NaN and infinity.
    """
    if not raw:
        return {}
    if raw.count(b"[") + raw.count(b"{") > _MAX_BRACKETS:
        raise BodyMalformed
    try:
        body = json.loads(raw, object_pairs_hook=_unique_members, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        raise BodyMalformed from None
    if not isinstance(body, dict):
        raise BodyMalformed
    return body


def _unique_members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise ValueError
    return members


def _refuse_constant(_name: str) -> NoReturn:
    raise ValueError


def text_field(
    body: dict[str, object], name: str, *, default: str | None = None, at_most: int | None = None
) -> str:
    """Return a text field of a JSON body; raise FieldInvalid naming it, and its length where that is too large."""
    value = body.get(name, default)
    if not isinstance(value, str) or _UNSTORABLE.search(value):
        raise FieldInvalid(field=name, expected="text", kind="text")
    if at_most is not None and len(value) > at_most:
        raise FieldInvalid(field=name, at_most=at_most, kind="long")
    return value


def number_field(body: dict[str, object], name: str, *, default: int, at_least: int, at_most: int) -> int:
    """Return a whole-number field of a JSON body within bounds; raise FieldInvalid naming it and the bounds."""
    value = body.get(name, default)
    if not isinstance(value, int) or isinstance(value, bool) or not at_least <= value <= at_most:
        raise FieldInvalid(field=name, expected=f"{at_least}–{at_most}")
    return value


def refuse_unstorable(*, form: bool) -> None:
    """Refuse a path, query or form that no text column can hold; raise NotFound or FieldInvalid.

    With `form` false the body is left unread, for a view that wants it raw.
    """
    if _UNSTORABLE.search(request.path):
        raise NotFound
    for values in (request.args, request.form) if form else (request.args,):
        for name, value in values.items(multi=True):
            if _UNSTORABLE.search(value):
                raise FieldInvalid(field=name, expected="text", kind="text")


def local_path(target: str | None) -> str | None:
    """Return a redirect target only when it stays on this site and is no longer than a cookie can keep."""
    if (
        not target
        or len(target) > _PATH_MAX
        or not target.startswith("/")
        or target.startswith(("//", "/\\"))
    ):
        return None
    parts = urlsplit(target)
    return target if not parts.netloc and not parts.scheme and target.isprintable() else None
