"""What a request wants and carries, asked in one place."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import current_app, request

from portal.lib.errors import PortalError
from portal.runtime import Portal


class BodyMalformed(PortalError):
    """The body is not a JSON object."""

    code = "body_malformed"


class FieldInvalid(PortalError):
    """A field has the wrong type; `expected` names the right one."""

    code = "field_invalid"


def portal() -> Portal:
    """Return the running portal: its settings, chain and scheduler."""
    running: Portal = current_app.extensions["portal"]
    return running


def wants_json() -> bool:
    """Tell whether the answer, errors included, is JSON."""
    return request.path.startswith("/api/")


def is_htmx() -> bool:
    """Tell whether htmx asks for a fragment rather than a page."""
    return request.headers.get("HX-Request") == "true"


def json_body() -> dict[str, object]:
    """Return the body as a JSON object, {} when empty; raise BodyMalformed."""
    if not request.get_data(cache=True):
        return {}
    body = request.get_json(force=True, silent=True)
    if not isinstance(body, dict):
        raise BodyMalformed
    return body


def text_field(body: dict[str, object], name: str, *, default: str | None = None) -> str:
    """Return a text field of a JSON body; raise FieldInvalid naming it."""
    value = body.get(name, default)
    if not isinstance(value, str):
        raise FieldInvalid(field=name, expected="text")
    return value


def number_field(body: dict[str, object], name: str, *, default: int, at_least: int, at_most: int) -> int:
    """Return a whole-number field of a JSON body within bounds; raise FieldInvalid naming it and the bounds."""
    value = body.get(name, default)
    if not isinstance(value, int) or isinstance(value, bool) or not at_least <= value <= at_most:
        raise FieldInvalid(field=name, expected=f"{at_least}–{at_most}")
    return value


def local_path(target: str | None) -> str | None:
    """Return a redirect target only when it stays on this site."""
    if not target or not target.startswith("/") or target.startswith(("//", "/\\")):
        return None
    parts = urlsplit(target)
    return target if not parts.netloc and not parts.scheme and target.isprintable() else None
