"""Access to every route: by role, by method, and without a CSRF token."""

from __future__ import annotations

import re
from collections.abc import Iterator

from flask import Flask
from werkzeug.routing import Rule

from models import User
from portal.web.core.access import access_of
from tests.web.conftest import visitor
from tests.web.visitor import Visitor

_SAMPLES = {
    "reward_id": "1",
    "order_id": "none",
    "order_reference": "store_none_1",
    "code": "none",
    "slug": "none",
    "provider": "wayforpay",
    "form": "csv",
    "address": "0x" + "1" * 40,
}


def routes(app: Flask) -> Iterator[tuple[Rule, str, str]]:
    """Yield (rule, method, URL) of every view."""
    for rule in app.url_map.iter_rules():
        url = re.sub(r"<(?:[^:>]*:)?(\w+)>", lambda match: _SAMPLES.get(match[1], "1"), rule.rule)
        for method in sorted((rule.methods or set()) & {"GET", "POST", "PUT", "PATCH", "DELETE"}):
            yield rule, method, url


def call(browser: Visitor, method: str, url: str, *, htmx: bool = False):
    headers = {"X-CSRFToken": browser.token()} | ({"HX-Request": "true"} if htmx else {})
    return browser.open(url, method=method, headers=headers)


def test_anonymous_visitor_reaches_public_routes_only(app: Flask) -> None:
    client = visitor(app)
    for rule, method, url in routes(app):
        if access_of(app, rule.endpoint).audience == "public":
            continue
        for htmx in (False, True):
            answer = call(client, method, url, htmx=htmx)
            if method == "GET" and not htmx and not url.startswith("/api/"):
                assert answer.status_code == 303, url
                assert answer.location.startswith("/login?next="), url
            else:
                assert answer.status_code == 401, url


def test_each_role_reaches_its_own_routes_only(app: Flask, owner: User, seller: User, admin: User) -> None:
    for user in (owner, seller, admin):
        browser = visitor(app, user)
        for rule, method, url in routes(app):
            audience = access_of(app, rule.endpoint).audience
            if audience in ("vendor", "admin") and audience != user.role:
                assert call(browser, method, url).status_code == 403, (user.role, url)
                assert call(browser, method, url, htmx=True).status_code == 403, (user.role, url)


def test_state_changes_require_csrf_token(app: Flask, owner: User, seller: User, admin: User) -> None:
    users = {"vendor": seller, "admin": admin}
    checked = 0
    for rule, method, url in routes(app):
        access = access_of(app, rule.endpoint)
        if method == "GET" or not access.csrf:
            continue
        browser = visitor(app, users.get(access.audience, owner))
        assert browser.open(url, method=method).status_code == 400, url
        assert browser.open(url, method=method, headers={"X-CSRFToken": "forged"}).status_code == 400, url
        checked += 1
    assert checked > 15


def test_undeclared_method_is_refused(app: Flask, admin: User) -> None:
    browser = visitor(app, admin)
    known: dict[str, set[str]] = {}
    for _, method, url in routes(app):
        known.setdefault(url, set()).add(method)
    for url, methods in known.items():
        for method in {"GET", "POST", "PUT", "PATCH", "DELETE"} - methods:
            answer = browser.open(url, method=method)
            assert answer.status_code == 405, (method, url)
            assert methods <= {name.strip() for name in answer.headers["Allow"].split(",")}, url


def test_csrf_exempt_routes_are_listed(app: Flask) -> None:
    open_posts = {
        rule.rule
        for rule, method, _ in routes(app)
        if method != "GET" and not access_of(app, rule.endpoint).csrf
    }
    assert open_posts == {
        "/api/payments/<provider>/webhook",
        "/api/refcodes/track",
        "/checkout/return/<order_reference>",
        "/dev/<provider>/pay",
        "/dev/<provider>/act",
        "/dev/<provider>/api",
        "/mail/unsubscribe/<token>",
    }
