"""Access to every route: by role, by method, and without a CSRF token."""

from __future__ import annotations

import pytest
from flask import Flask

from models import User
from portal.web.core.access import access_of
from tests.support.routes import routes
from tests.web.conftest import visitor
from tests.web.visitor import Visitor


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


@pytest.mark.slow
def test_each_role_reaches_its_own_routes_only(app: Flask, owner: User, seller: User, admin: User) -> None:
    for user in (owner, seller, admin):
        browser = visitor(app, user)
        for rule, method, url in routes(app):
            audience = access_of(app, rule.endpoint).audience
            if audience in ("vendor", "admin") and audience != user.role:
                # A page takes ten times as long as a fragment, so one role reads the pages.
                for htmx in (False, True) if user == owner else (True,):
                    assert call(browser, method, url, htmx=htmx).status_code == 403, (user.role, url, htmx)


def test_state_changes_require_csrf_token(app: Flask, owner: User, seller: User, admin: User) -> None:
    browsers = {"vendor": visitor(app, seller), "admin": visitor(app, admin)}
    other, htmx = visitor(app, owner), {"HX-Request": "true"}
    checked = 0
    for rule, method, url in routes(app):
        access = access_of(app, rule.endpoint)
        if method == "GET" or not access.csrf:
            continue
        browser = browsers.get(access.audience, other)
        for headers in (htmx, {**htmx, "X-CSRFToken": "forged"}):
            assert browser.open(url, method=method, headers=headers).status_code == 400, (url, headers)
        checked += 1
    assert checked > 15


@pytest.mark.parametrize(
    "headers",
    [{"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"},
     {"Sec-Fetch-Site": "cross-site", "Origin": "null"}],
)  # fmt: skip
def test_token_is_worth_nothing_on_another_origin(as_owner: Visitor, headers: dict[str, str]) -> None:
    # A page of another host of the domain may have got hold of a token.
    url = "/account/security/sessions/end-others"
    assert as_owner.submit(url, headers=headers).status_code == 400
    assert (
        as_owner.send("/api/account/confirm", {}, headers=headers).get_json()["error"]["code"]
        == "csrf_invalid"
    )
    assert as_owner.submit(url, headers={"Origin": "http://localhost"}).status_code == 303


def test_undeclared_method_is_refused(app: Flask) -> None:
    browser = visitor(app)
    known: dict[str, set[str]] = {}
    for _, method, url in routes(app):
        known.setdefault(url, set()).add(method)
    for url, methods in known.items():
        for method in {"GET", "POST", "PUT", "PATCH", "DELETE"} - methods:
            answer = browser.open(url, method=method, headers={"HX-Request": "true"})
            assert answer.status_code == 405, (method, url)
            assert methods <= {name.strip() for name in answer.headers["Allow"].split(",")}, url


def test_csrf_exempt_routes_are_listed(app: Flask) -> None:
    open_posts = {
        rule.rule
        for rule, method, _ in routes(app)
        if method != "GET" and not access_of(app, rule.endpoint).csrf
    }
    assert open_posts == {
        "/api/cron/refcodes-mint",
        "/api/payments/<provider>/webhook",
        "/api/refcodes/track",
        "/api/v1/arrivals",
        "/api/v1/attribution",
        "/api/v1/customers",
        "/api/v1/events/<int:event_id>/replay",
        "/api/v1/orders",
        "/api/v1/referrers",
        "/api/v1/refunds",
        "/checkout/return/<order_reference>",
        "/dev/<provider>/pay",
        "/dev/<provider>/act",
        "/dev/<provider>/api",
        "/hooks/<store_key>/<platform>",
        "/mail/unsubscribe/<token>",
    }


def test_refusals_are_logged(as_owner: Visitor, caplog: pytest.LogCaptureFixture) -> None:
    as_owner.get("/admin/refcodes")
    as_owner.post("/logout")
    as_owner.get("/api/cron/refcodes-mint")
    refusals = [record.msg for record in caplog.records if record.levelname == "WARNING"]
    assert [each["code"] for each in refusals] == ["role_required", "csrf_invalid", "cron_secret_wrong"]
    assert [each["endpoint"] for each in refusals] == [
        "admin.rewards.list",
        "account.logout",
        "hooks.mint_rewards",
    ]
