"""The access log: one line per request with its id, route, status, duration and account, and nothing that was typed."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from flask import Flask

from models import User
from tests.web.conftest import MakeApp, lose_database, visitor
from tests.web.visitor import Visitor


def lines_of(caplog: pytest.LogCaptureFixture) -> list[dict[str, Any]]:
    """Return the access lines so far, and forget them."""
    name = "portal.web.core.access_log"
    lines = [record.msg for record in caplog.records if record.name == name and isinstance(record.msg, dict)]
    caplog.clear()
    return lines


@pytest.fixture(autouse=True)
def info(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)


def test_a_request_is_one_line(as_owner: Visitor, owner: User, caplog: pytest.LogCaptureFixture) -> None:
    lines_of(caplog)
    response = as_owner.get("/uk/orders?email=secret@example.com")
    (line,) = lines_of(caplog)
    assert (line["event"], line["method"], line["route"], line["status"]) == (
        "request",
        "GET",
        "/orders",
        200,
    )
    assert line["user_id"] == owner.id
    assert line["request_id"] == response.headers["X-Request-ID"]
    assert 0 <= line["duration"] < 600
    assert "secret" not in str(line)


@pytest.mark.parametrize(
    ("method", "path", "route", "status"),
    [
        ("GET", "/password/reset/a-secret-token", "/password/reset/<token>", 410),
        ("GET", "/nowhere/a-secret-token", "unmatched", 404),
        ("POST", "/api/store/products?a-secret-token", "unmatched", 405),
        ("POST", "/api/refcodes/track", "/api/refcodes/track", 400),
        ("GET", "/static/a-secret-token.css", "/static", 404),
    ],
)
def test_no_token_of_an_address_is_logged(
    client: Visitor, caplog: pytest.LogCaptureFixture, method: str, path: str, route: str, status: int
) -> None:
    client.open(path, method=method)
    lines = lines_of(caplog)
    assert [(line["route"], line["status"]) for line in lines] == [(route, status)]
    assert "a-secret-token" not in str(lines)
    assert "user_id" not in lines[0]


def test_successes_of_health_checks_are_not_logged(client: Visitor, caplog: pytest.LogCaptureFixture) -> None:
    assert {client.get(path).status_code for path in ("/healthz", "/readyz", "/metrics")} == {200}
    assert lines_of(caplog) == []


def test_an_outage_is_one_line_and_a_count(app: Flask, owner: User, caplog: pytest.LogCaptureFixture) -> None:
    """Requests are logged as such; that the database is away is said once, without tracebacks."""
    signed_in = visitor(app, owner)
    lose_database()
    for _ in range(12):
        assert signed_in.get("/orders").status_code == 503
    errors = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert len(errors) == 1, [record.msg for record in errors]
    assert not any(record.exc_info for record in caplog.records)
    assert len(lines_of(caplog)) == 12


def test_the_access_log_can_be_switched_off(make_app: MakeApp, caplog: pytest.LogCaptureFixture) -> None:
    client = make_app(access_log=False).test_client()
    assert client.get("/login").status_code == 200
    assert lines_of(caplog) == []
