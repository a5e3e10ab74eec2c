"""Addresses of pages, whose patterns are built once: every page has the same links, and so has each row of a list."""

from __future__ import annotations

import re
from typing import Any

import flask
from flask import Flask, current_app, has_request_context, request
from werkzeug.routing import BuildError

# What an address may contain as it is, in a path as well as in a query.
_PLAIN = re.compile(r"[\w.:-]+", re.ASCII)
# What is behind Flask's proxies: a page has hundreds of addresses, and each asks for it.
_current_app = current_app._get_current_object  # type: ignore[attr-defined]
_current_request = request._get_current_object  # type: ignore[attr-defined]
_NUMBER, _WORD = 987_654_301, "zqplace"


def plain_url(endpoint: str) -> str:
    """Return the address of a page without parameters, in the language of the address of this request."""
    app = _current_app()
    if _depend_on_the_reader(app):
        return flask.url_for(endpoint)
    known: dict[tuple[str, str], str] = app.extensions.setdefault("plain_urls", {})
    key = (_current_request().script_root, endpoint)
    if key not in known:
        known[key] = flask.url_for(endpoint)
    return known[key]


def url_for(endpoint: str, **values: Any) -> str:
    """Return the address of a page as Flask's function does; templates call this one."""
    if endpoint.startswith(".") or not has_request_context():
        return flask.url_for(endpoint, **values)
    if not values:
        return plain_url(endpoint)
    app = _current_app()
    if _depend_on_the_reader(app) or not all(map(_is_plain, values.values())):
        return flask.url_for(endpoint, **values)
    known: dict[tuple[object, ...], str | None] = app.extensions.setdefault("url_patterns", {})
    key = (_current_request().script_root, endpoint, *values, *map(type, values.values()))
    if key not in known:
        known[key] = None if any(name.startswith("_") for name in values) else _pattern(endpoint, values)
    pattern = known[key]
    return pattern.format(*values.values()) if pattern else flask.url_for(endpoint, **values)


def _depend_on_the_reader(app: Flask) -> bool:
    """Return whether addresses may carry what one visitor came with, as a code until the visitor has answered."""
    return bool(app.url_default_functions)


def _is_plain(value: object) -> bool:
    return type(value) is int or (type(value) is str and _PLAIN.fullmatch(value) is not None)


def _pattern(endpoint: str, values: dict[str, Any]) -> str | None:
    """Return an address with `{0}` in the place of the first value, and so on; None where a value chooses the route."""
    rules = list(_current_app().url_map.iter_rules(endpoint))
    if len(rules) != 1 or rules[0].defaults:
        return None
    places: dict[str, Any] = {
        name: _NUMBER + at if isinstance(value, int) else f"{_WORD}{at}"
        for at, (name, value) in enumerate(values.items())
    }
    try:
        pattern = flask.url_for(endpoint, **places).replace("{", "{{").replace("}", "}}")
    except (BuildError, ValueError):  # only some words or numbers are allowed there
        return None
    for at, place in enumerate(places.values()):
        pattern = pattern.replace(str(place), f"{{{at}}}")
    return pattern
