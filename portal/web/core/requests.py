"""Read requests: the expected format, JSON bodies, safe redirect targets."""

from __future__ import annotations

import json
import re
from typing import Any, NoReturn
from urllib.parse import urlsplit

from flask import request
from werkzeug.exceptions import NotFound
from werkzeug.routing import IntegerConverter

from portal.lib.errors import PortalError

# The JSON parser recurses in C: a body of brackets alone can exhaust the stack and kill the process.
_MAX_BRACKETS = 900
# A pending sign-in stores its target page in the cookie, which is limited to 4 KB.
_PATH_MAX = 1500
_ID_MAX = 2**63 - 1
_ID_DIGITS = 20
# JSON paths outside /api/.
_JSON_PATHS = ("/healthz", "/readyz", "/openapi.json")
_JSON_PREFIXES = ("/api/", "/hooks/")
# The reader chooses between a page and JSON.
_NEGOTIATED_PATH = "/proof/"
# Possible through JSON escapes or %00, but neither UTF-8 nor a text column can store them.
_UNSTORABLE = re.compile(r"[\x00\ud800-\udfff]")


class IdConverter(IntegerConverter):
    """The `int` of routes: a number beyond every id is read as the greatest, which no row has."""

    regex = "[0-9]+"

    def to_python(self, value: str) -> int:
        # Longer numbers are cut: Python refuses to read thousands of digits.
        return min(int(value.lstrip("0")[:_ID_DIGITS] or 0), _ID_MAX)


class BodyMalformed(PortalError):
    """The body is not a JSON object."""

    code = "body_malformed"


class FieldInvalid(PortalError):
    """A field has the wrong type; `expected` names the right one."""

    code = "field_invalid"


def wants_json() -> bool:
    """Return whether the response, errors included, is JSON."""
    if request.path.startswith(_NEGOTIATED_PATH):
        return prefers_json()
    return request.path.startswith(_JSON_PREFIXES) or request.path in _JSON_PATHS


def prefers_json() -> bool:
    """Return whether the Accept header ranks JSON above a page."""
    accepted = request.accept_mimetypes
    return accepted["application/json"] > accepted["text/html"]


def is_htmx() -> bool:
    """Return whether htmx requests a fragment."""
    return request.headers.get("HX-Request") == "true"


def json_body() -> dict[str, object]:
    """Return the body as a JSON object, {} when empty; raise BodyMalformed."""
    return parse_object(request.get_data(cache=True))


def parse_object(raw: bytes) -> dict[str, object]:
    """Return bytes as a JSON object, {} when empty; raise BodyMalformed.

    Duplicate members, NaN and Infinity are refused too, since parsers disagree about them.
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


def refuse_other_fields(body: dict[str, object], *names: str) -> None:
    """Raise FieldInvalid for a field that a body should not have.

    Where every field is optional, a misspelt one must not do what a body without it does.
    """
    if others := sorted(body.keys() - set(names)):
        raise FieldInvalid(field=others[0], expected=", ".join(names))


def text_field(
    body: dict[str, object], name: str, *, default: str | None = None, at_most: int | None = None
) -> str:
    """Return a text field of a JSON body; raise FieldInvalid for another type or a text that is too long."""
    value = body.get(name, default)
    if not isinstance(value, str) or _UNSTORABLE.search(value):
        raise FieldInvalid(field=name, expected="text", kind="text")
    if at_most is not None and len(value) > at_most:
        raise FieldInvalid(field=name, at_most=at_most, kind="long")
    return value


def number_field(body: dict[str, object], name: str, *, default: int, at_least: int, at_most: int) -> int:
    """Return an integer field of a JSON body; raise FieldInvalid outside the bounds."""
    value = body.get(name, default)
    if not isinstance(value, int) or isinstance(value, bool) or not at_least <= value <= at_most:
        raise FieldInvalid(field=name, expected=f"{at_least}–{at_most}")
    return value


def form_choice(name: str, *choices: str) -> str:
    """Return a field of the form that has a few values; raise FieldInvalid for any other, a missing one included.

    A form whose choice got lost must not do what its other button does.
    """
    value = request.form.get(name, "")
    if value not in choices:
        raise FieldInvalid(field=name, expected=", ".join(choices))
    return value


def form_switch(name: str) -> bool:
    """Return a field of the form that switches something on, `1`, or off, `0`; raise FieldInvalid for any other."""
    return form_choice(name, "0", "1") == "1"


def form_count(name: str, at_most: int) -> int:
    """Return a number of the form between 0 and `at_most`; raise FieldInvalid for anything else."""
    text = request.form.get(name, "").strip()
    if not (text.isascii() and text.isdecimal()) or len(text) > _ID_DIGITS or int(text) > at_most:
        raise FieldInvalid(field=name, expected=f"0–{at_most}")
    return int(text)


def refuse_unstorable(*, form: bool) -> None:
    """Raise NotFound or FieldInvalid for characters in path, query or form that a text column cannot store.

    Without `form` the body stays unread, for a view that reads it raw.
    """
    if _UNSTORABLE.search(request.path):
        raise NotFound
    for values in (request.args, request.form) if form else (request.args,):
        for name, value in values.items(multi=True):
            if _UNSTORABLE.search(value):
                raise FieldInvalid(field=name, expected="text", kind="text")


def local_path(target: str | None) -> str | None:
    """Return a redirect target if it stays on this site and fits into the cookie, else None."""
    if (
        not target
        or len(target) > _PATH_MAX
        or not target.startswith("/")
        or target.startswith(("//", "/\\"))
    ):
        return None
    parts = urlsplit(target)
    return target if not parts.netloc and not parts.scheme and target.isprintable() else None
