"""Addresses that are built from a pattern are those of Flask."""

from __future__ import annotations

import flask
import pytest
from flask import Flask
from werkzeug.routing import BuildError

from portal.web.core.urls import url_for

WORDS = [
    "a-B_9.x",
    "vendor:5:UAH",
    "",
    "з кодом",
    "a/b?c&d=e#f",
    "{0}",
    "csv",
    "close",
    "007",
    5,
    -1,
    2**70,
    True,
    None,
]


@pytest.mark.parametrize("prefix", ["", "/uk"])
def test_addresses_are_those_of_flask(app: Flask, prefix: str) -> None:
    with app.test_request_context("/admin", environ_overrides={"SCRIPT_NAME": prefix}):
        for rule in app.url_map.iter_rules():
            for value in (*WORDS, *reversed(WORDS)):
                for more in ({}, {"cursor": "x_1"}, {"x": value, "_anchor": "top"}, {"y": 3, "z": value}):
                    values = {**dict.fromkeys(rule.arguments, value), **more}
                    try:
                        address = flask.url_for(rule.endpoint, **values)
                    except (BuildError, ValueError, TypeError):
                        continue
                    assert url_for(rule.endpoint, **values) == address, (rule.endpoint, values)
