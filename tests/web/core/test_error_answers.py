"""Errors as a page, a fragment and JSON in three languages, including an unavailable database."""

from __future__ import annotations

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.exceptions import BadRequest, Conflict, Gone, HTTPException, ImATeapot, RequestURITooLarge

from models import User
from portal.web.shop import catalogue
from tests.factories import make_reward
from tests.web.conftest import lose_database, visitor
from tests.web.pages import text_of
from tests.web.visitor import Visitor, error_of

LOCALES = ("en", "uk", "ru")


@pytest.fixture
def broken(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Flask:
    """Return an application whose catalogue fails unexpectedly."""

    def fail() -> None:
        raise ZeroDivisionError("an internal secret")

    monkeypatch.setattr(catalogue, "page_of_shop", fail)
    monkeypatch.setattr("portal.web.api.routes.page_of_shop", fail)
    app.config["PROPAGATE_UNEXPECTED"] = False
    return app


@pytest.fixture
def offline(app: Flask) -> Flask:
    """Return an application whose database cannot be reached."""
    lose_database()
    return app


def assert_page(answer, status: int, locale: str) -> None:
    assert answer.status_code == status
    assert f'<html lang="{locale}">' in answer.text
    assert answer.text.count("<h1") == 1
    assert 'role="alert"' in answer.text
    assert str(status) in text_of(answer)


def assert_fragment(answer, status: int) -> None:
    assert answer.status_code == status
    assert "<html" not in answer.text
    assert 'id="error-block"' in answer.text


@pytest.mark.parametrize("locale", LOCALES)
def test_not_found(client: Visitor, locale: str) -> None:
    page = client.get(f"/{locale}/no/such/page")
    assert_page(page, 404, locale)
    assert f'href="/{locale}/"' in page.text
    assert_fragment(client.fragment(f"/{locale}/no/such/page"), 404)
    answer = client.get(f"/{locale}/api/none")
    assert (answer.status_code, error_of(answer)["code"]) == (404, "not_found")


@pytest.mark.parametrize("locale", LOCALES)
def test_forbidden(as_owner: Visitor, locale: str) -> None:
    assert_page(as_owner.get(f"/{locale}/admin/refcodes"), 403, locale)
    assert_fragment(as_owner.fragment(f"/{locale}/admin/refcodes"), 403)
    answer = as_owner.get(f"/{locale}/api/admin/rewards")
    assert (answer.status_code, error_of(answer)["code"]) == (403, "role_required")


@pytest.mark.parametrize("locale", LOCALES)
def test_invalid_csrf_token(client: Visitor, as_owner: Visitor, locale: str) -> None:
    assert_page(client.post(f"/{locale}/cart"), 400, locale)
    assert_fragment(client.post(f"/{locale}/cart", headers={"HX-Request": "true"}), 400)
    answer = as_owner.post(f"/{locale}/api/store/orders", json={})
    assert (answer.status_code, error_of(answer)["code"]) == (400, "csrf_invalid")


def test_expired_page_links_back_to_itself(client: Visitor) -> None:
    page = client.post("/en/cart", headers={"Referer": "http://localhost/en/products/tea?a=1"})
    assert '<a class="btn btn-primary" href="/en/products/tea?a=1">Reload</a>' in page.text
    assert text_of(page).count("Reload") == 2
    foreign = client.post("/en/cart", headers={"Referer": "https://elsewhere.example/trap"})
    assert 'href="/en/"' in foreign.text
    assert "trap" not in foreign.text


@pytest.mark.parametrize("locale", LOCALES)
def test_wrong_method(client: Visitor, locale: str) -> None:
    page = client.get(f"/{locale}/logout")
    assert_page(page, 405, locale)
    assert "POST" in page.headers["Allow"]
    answer = client.get(f"/{locale}/api/refcodes/track")
    assert error_of(answer)["code"] == "method_not_allowed"


@pytest.mark.parametrize("locale", LOCALES)
def test_fragments_and_posts_require_sign_in(client: Visitor, locale: str) -> None:
    assert_fragment(client.fragment(f"/{locale}/orders"), 401)
    page = client.submit(f"/{locale}/checkout")
    assert_page(page, 401, locale)
    assert f'href="/{locale}/login"' in page.text


@pytest.mark.parametrize("locale", LOCALES)
def test_conflict(as_admin: Visitor, other: User, locale: str) -> None:
    page = as_admin.submit(f"/{locale}/admin/refcodes/{make_reward(other, 'minted').id}/approve")
    assert_page(page, 409, locale)


@pytest.mark.parametrize("locale", LOCALES)
def test_too_large(client: Visitor, locale: str) -> None:
    assert_page(client.post(f"/{locale}/cart", data=b"x" * 300_000), 413, locale)


@pytest.mark.parametrize("locale", LOCALES)
def test_unexpected_error_reveals_no_details(broken: Flask, locale: str) -> None:
    client = visitor(broken)
    page = client.get(f"/{locale}/")
    assert_page(page, 500, locale)
    fragment = client.fragment(f"/{locale}/")
    assert_fragment(fragment, 500)
    answer = client.get(f"/{locale}/api/store/products")
    assert (answer.status_code, error_of(answer)["code"]) == (500, "internal")
    for each in (page, fragment, answer):
        assert "internal secret" not in each.text
        assert "ZeroDivision" not in each.text


@pytest.mark.parametrize("locale", LOCALES)
def test_database_unavailable(offline: Flask, locale: str) -> None:
    client = visitor(offline)
    page = client.get(f"/{locale}/?x=1")
    assert_page(page, 503, locale)
    assert f'href="/{locale}/?x=1"' in page.text
    assert_fragment(client.fragment(f"/{locale}/"), 503)
    answer = client.get(f"/{locale}/api/store/products")
    assert (answer.status_code, error_of(answer)["code"]) == (503, "database_away")


def test_database_unavailable_for_a_signed_in_user(app: Flask, owner: User) -> None:
    client = visitor(app, owner)
    token = client.token()
    lose_database()
    for path in ("/", "/refcodes", "/login", "/orders", "/no-such-page"):
        answer = client.get(path)
        assert answer.status_code in (503, 404), path
        assert 'id="error-block"' in answer.text, path
    answer = client.post("/api/store/orders", json={}, headers={"X-CSRFToken": token})
    assert (answer.status_code, error_of(answer)["code"]) == (503, "database_away")
    assert "127.0.0.1" not in answer.text


def test_static_pages_work_without_the_database(offline: Flask) -> None:
    client = visitor(offline)
    for path in ("/login", "/register", "/brand.css", "/healthz"):
        assert client.get(path).status_code == 200, path


@pytest.mark.parametrize("error", [BadRequest, Conflict, Gone, ImATeapot, RequestURITooLarge])
def test_client_error_is_never_a_server_error(
    app: Flask, monkeypatch: pytest.MonkeyPatch, error: type[HTTPException]
) -> None:
    def refuse(*_arguments: object) -> None:
        raise error

    monkeypatch.setattr(catalogue, "page_of_shop", refuse)
    answer = visitor(app).get("/")
    assert 400 <= answer.status_code < 500
    assert 'id="error-block"' in answer.text


MALFORMED_HOSTS = ["a" * 5000, "a b", "a/b", ".", "a..b", "[::1"]


@pytest.mark.parametrize("path", ["/", "/refcodes", "/api/refcodes", "/uk/login"])
def test_malformed_host_is_a_client_error(app: Flask, path: str) -> None:
    for host in MALFORMED_HOSTS:
        answer = FlaskClient(app, app.response_class).get(path, headers={"Host": host})
        assert answer.status_code < 500, host
        assert answer.headers["X-Frame-Options"] == "DENY", host


def test_error_title_is_translated(client: Visitor) -> None:
    titles = {re.search(r"<title>(.*?)</title>", client.get(f"/{code}/none").text)[1] for code in LOCALES}
    assert len(titles) == 3
