"""Every route that changes something, and every expensive read, answers a flood with 429. See docs/accounts.md."""

from __future__ import annotations

import re

import pytest
from flask import Flask

from models import User
from portal.web.core.access import access_of
from portal.web.core.security import LIMITED_READS
from tests.factories import make_user
from tests.web.conftest import MakeApp, visitor
from tests.web.pages import text_of
from tests.web.visitor import Visitor

LIMITS = ("requests", "sign_up", "sign_in", "orders", "payments", "account", "exports", "beacon", "hooks")
SAFE = {"GET", "HEAD", "OPTIONS"}


def limited_routes(app: Flask) -> list[tuple[str, str, str]]:
    """Return (audience, method, path) of every change and every read that has a limit."""
    routes = []
    for rule in app.url_map.iter_rules():
        path = re.sub(r"<any\(csv,xlsx\):\w+>", "csv", rule.rule)
        path = path.replace("<provider>", "wayforpay").replace("<platform>", "woocommerce")
        path = re.sub(r"<[^<>]*>", "1" * 10, path)
        is_read = rule.endpoint in LIMITED_READS or (
            rule.endpoint.startswith("exports.") and ".csv" in path and not path.startswith("/exports/")
        )
        for method in sorted((rule.methods or set()) - ({"HEAD", "OPTIONS"} if is_read else SAFE)):
            routes.append((access_of(app, rule.endpoint).audience, method, path))
    return sorted(set(routes))


@pytest.fixture
def flooded(make_app: MakeApp) -> Flask:
    """Return a portal where one address or account may do everything once an hour."""
    return make_app(**{f"rate_limit_{name}": "1 per hour" for name in LIMITS})


def flood(browser: Visitor, method: str, path: str) -> int:
    """Send a request until it is refused for the limit, at most three times; return the last status."""
    status = 0
    for _ in range(3):
        is_json = path.startswith(("/api/", "/hooks/"))
        if method == "GET":
            answer = browser.get(path)
        else:
            answer = browser.send(path, method=method) if is_json else browser.submit(path)
        status = answer.status_code
        if status == 429:
            assert int(answer.headers["Retry-After"]) > 0
            if is_json:
                assert answer.get_json()["error"]["code"] == "rate_limited"
            else:
                assert "Too many requests" in text_of(answer)
            break
    return status


@pytest.mark.slow
@pytest.mark.parametrize("audience", ["public", "signed_in", "vendor", "admin"])
def test_every_change_and_every_expensive_read_has_a_limit(
    flooded: Flask, owner: User, admin: User, audience: str
) -> None:
    people = {"public": None, "signed_in": owner, "vendor": make_user(role="vendor"), "admin": admin}
    routes, unlimited = [route for route in limited_routes(flooded) if route[0] == audience], []
    assert routes
    for _, method, path in routes:
        browser = visitor(flooded, people[audience])
        if flood(browser, method, path) != 429:
            unlimited.append(f"{method} {path}")
    assert not unlimited
