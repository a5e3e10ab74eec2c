"""Parse a JSON object of a store: anything that two parsers may read differently is refused."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, NoReturn

from portal.lib.errors import InputInvalid, PortalError
from portal.web.core.requests import BodyMalformed, FieldInvalid

# The deepest documented body has four levels. The parser recurses in C, so depth is counted before it runs.
_DEPTH_MAX = 16
_TOKEN = re.compile(r'\\.|["\[\]{}]', re.DOTALL)
# Possible through escapes, but neither UTF-8 nor a text column can store them.
_UNSTORABLE = re.compile(r"[\x00\ud800-\udfff]")
_NAME_SHOWN = 60

Path = tuple[str | int, ...]


class DuplicateMember(PortalError):
    """A name occurs twice in one object; `field` is its path."""

    code = "duplicate_member"


class _Repeating(dict[str, Any]):
    """An object in which a name occurs twice."""

    repeated = ""


def parse_strictly(raw: bytes) -> dict[str, Any]:
    """Return a JSON object; raise BodyMalformed, DuplicateMember, or InputInvalid for text that cannot be stored."""
    try:
        text = raw.decode()
        _refuse_depth(text)
        body = json.loads(text, object_pairs_hook=_members, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        raise BodyMalformed from None
    if not isinstance(body, dict):
        raise BodyMalformed
    _check_values(body)
    return body


def path_text(path: Path) -> str:
    """Return a path such as `lines[2].amount`."""
    parts = (f"[{part}]" if isinstance(part, int) else f".{part[:_NAME_SHOWN]}" for part in path)
    return "".join(parts).removeprefix(".")


def _refuse_depth(text: str) -> None:
    """Raise ValueError for a body that is nested too deeply; brackets within strings do not count."""
    depth, in_string = 0, False
    for match in _TOKEN.finditer(text):
        mark = match[0]
        if mark == '"':
            in_string = not in_string
        elif not in_string and mark in "[{":
            depth += 1
        elif not in_string and mark in "]}":
            depth -= 1
        if depth > _DEPTH_MAX:
            raise ValueError


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) == len(pairs):
        return members
    seen: set[str] = set()
    repeating = _Repeating(members)
    repeating.repeated = next(name for name, _ in pairs if name in seen or seen.add(name))  # type: ignore[func-returns-value]
    return repeating


def _refuse_constant(_name: str) -> NoReturn:
    raise ValueError


def _check_values(body: dict[str, Any]) -> None:
    for path, value in _walk((), body):
        if isinstance(value, _Repeating):
            raise DuplicateMember(field=_field((*path, value.repeated)))
        if isinstance(value, dict) and any(_UNSTORABLE.search(name) for name in value):
            raise BodyMalformed
        if isinstance(value, str) and _UNSTORABLE.search(value):
            field = path_text(path)
            raise InputInvalid({field: FieldInvalid(field=field, expected="text", kind="text")})


def _field(path: Path) -> str:
    """Return a path that can be sent, whatever a client called its members."""
    return _UNSTORABLE.sub("\ufffd", path_text(path))


def _walk(path: Path, value: Any) -> Iterator[tuple[Path, Any]]:
    yield path, value
    if isinstance(value, dict):
        for name, member in value.items():
            yield from _walk((*path, name), member)
    elif isinstance(value, list):
        for index, member in enumerate(value):
            yield from _walk((*path, index), member)
