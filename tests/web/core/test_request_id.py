"""X-Request-ID on every response, on error pages and in the log; accepted from trusted proxies only."""

from __future__ import annotations

import logging
import re

import pytest

from portal.web.shop import catalogue
from tests.web.conftest import MakeApp, visitor
from tests.web.pages import text_of
from tests.web.visitor import Visitor

RECEIVED = "proxy-0123456789"


@pytest.mark.parametrize("path", ["/", "/static/portal.js", "/no/such/page", "/api/store/products"])
def test_every_response_has_its_own_id(client: Visitor, path: str) -> None:
    ids = set()
    for _ in range(2):
        with client.get(path) as answer:
            ids.add(answer.headers["X-Request-ID"])
    assert len(ids) == 2
    assert all(re.fullmatch(r"[0-9a-f]{16}", each) for each in ids)


def test_beacon_has_an_id(client: Visitor) -> None:
    answer = client.post("/api/refcodes/track", json={"code": "unknown1"})
    assert answer.headers["X-Request-ID"]


@pytest.mark.parametrize(
    ("proxies", "received", "is_taken_over"),
    [
        (1, RECEIVED, True),
        (0, RECEIVED, False),
        (1, "short", False),
        (1, "x" * 65, False),
        (1, "quoted\"'<id>", False),
    ],
)
def test_well_formed_id_of_a_trusted_proxy_is_taken_over(
    make_app: MakeApp, proxies: int, received: str, is_taken_over: bool
) -> None:
    client = visitor(make_app(trusted_proxies=proxies))
    answer = client.get("/healthz", headers={"X-Request-ID": received})
    assert (answer.headers["X-Request-ID"] == received) is is_taken_over


@pytest.mark.parametrize(
    ("locale", "words"), [("en", "Error ID:"), ("uk", "Номер помилки:"), ("ru", "Номер ошибки:")]
)
def test_unexpected_error_shows_and_logs_the_id(
    client: Visitor,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    locale: str,
    words: str,
) -> None:
    monkeypatch.setattr(catalogue, "page_of_shop", lambda: 1 / 0)
    client.application.config["PROPAGATE_UNEXPECTED"] = False
    with caplog.at_level(logging.ERROR):
        page = client.get(f"/{locale}/")
    request_id = page.headers["X-Request-ID"]
    assert page.status_code == 500
    assert f"{words} {request_id}" in text_of(page)
    assert any(
        isinstance(record.msg, dict) and record.msg.get("request_id") == request_id
        for record in caplog.records
    )


def test_expected_error_shows_no_id(client: Visitor) -> None:
    assert "Error ID" not in text_of(client.get("/no/such/page"))
