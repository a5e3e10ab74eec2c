"""Addresses of pages without parameters: every page has the same thirty links, so each is built once."""

from __future__ import annotations

from typing import Any

import flask
from flask import current_app, has_request_context, request


def plain_url(endpoint: str) -> str:
    """Return the address of a page without parameters, in the language of the address of this request."""
    known: dict[tuple[str, str], str] = current_app.extensions.setdefault("plain_urls", {})
    key = (request.script_root, endpoint)
    if key not in known:
        known[key] = flask.url_for(endpoint)
    return known[key]


def url_for(endpoint: str, **values: Any) -> str:
    """Return the address of a page as Flask's function does; templates call this one."""
    if values or endpoint.startswith(".") or not has_request_context():
        return flask.url_for(endpoint, **values)
    return plain_url(endpoint)
