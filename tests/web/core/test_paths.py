"""Other spellings of paths: every route tolerates them, and parameters keep their case."""

from __future__ import annotations

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient

from portal.web.core.paths import PathSpelling, language_of
from tests.support.apps import development_app
from tests.web.visitor import Visitor

EXACT = ("/api/cron/refcodes-mint", "/healthz", "/metrics", "/readyz")
PARAMETER = "AbC9"


@pytest.fixture(scope="module")
def portal_app() -> Flask:
    return development_app()


@pytest.fixture
def plain(app: Flask) -> FlaskClient:
    """Return a client that does not look paths up in the API description, which has one spelling of each."""
    return FlaskClient(app, app.response_class)


def example_paths(app: Flask) -> list[str]:
    """Return a path per route whose parameters have letters of both cases."""
    rules = {rule.rule for rule in app.url_map.iter_rules()} - set(EXACT)
    numbered = (re.sub(r"<int:\w+>", "7", rule) for rule in rules)
    chosen = (re.sub(r"<any\((\w+)[^>]*>", r"\1", rule) for rule in numbered)
    long = (re.sub(r"<string\(m(?:in|ax)length=\d+\):\w+>", PARAMETER * 4, rule) for rule in chosen)
    return sorted(re.sub(r"<\w+>", PARAMETER, rule) for rule in long)


def spellings(path: str) -> list[str]:
    """Return other spellings of a path with the parameters as they are."""
    shouted = "/".join(part if PARAMETER in part else part.upper() for part in path.split("/"))
    return [f"{path}/", f"{path}//", f"/{path}", shouted, f"{shouted}/", f"{path}/index.html"]


def test_every_route_tolerates_other_spellings(portal_app: Flask) -> None:
    spelling = PathSpelling(portal_app.url_map)
    for path in example_paths(portal_app):
        assert spelling.is_route(path), path
        assert spelling.correct(path) == path
        for other in spellings(path):
            if ".csv" not in path:  # a form of a file is a parameter
                assert spelling.correct(other) == path, other


@pytest.mark.parametrize("path", EXACT)
def test_what_proxies_restrict_has_one_spelling(plain: FlaskClient, path: str) -> None:
    spellings_of_path = (f"{path}/", f"/{path}", path.upper(), f"{path}/index.html", f"{path}//")
    prefixed = [f"/{language}{path}" for language in ("uk", "UK", "ua", "en", "ru-RU")]
    assert plain.get(path).status_code != 404
    for other in (*spellings_of_path, *prefixed, f"/uk/{path}", f"/en{path}/"):
        assert plain.get("/", environ_overrides={"PATH_INFO": other}).status_code == 404, other


def test_no_answer_leads_to_the_host_of_the_request(client: Visitor) -> None:
    for path in ("//cart", "/cart//", "//", "/products//x", "//evil.example/..", "/orders//"):
        answer = client.get("/", environ_overrides={"PATH_INFO": path, "HTTP_HOST": "evil.example"})
        assert "evil.example/" not in answer.headers.get("Location", ""), path


def test_a_body_arrives_by_every_spelling(plain: FlaskClient) -> None:
    expected = plain.post("/api/payments/wayforpay/webhook", data=b"{no json")
    assert expected.status_code not in (308, 404, 405)
    for path in (
        "/api/payments/wayforpay/webhook/",
        "/API/payments/wayforpay/Webhook",
        "/EN/api/payments/wayforpay/webhook//",
        "/api/payments/WayForPay/webhook",
    ):
        answer = plain.post(path, data=b"{no json")
        assert (answer.status_code, answer.json) == (expected.status_code, expected.json), path


@pytest.mark.parametrize("segment", ["", "u", "uk-", "ukraine", "xx", "uk-u", "en us", "ru\n", "products"])
def test_what_names_no_language(segment: str) -> None:
    assert language_of(segment) is None
