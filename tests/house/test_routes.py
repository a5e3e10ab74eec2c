"""Every route declares its access, and the committed list contains every route."""

from __future__ import annotations

import pytest
from flask import Flask

from portal.web.core.access import install_gate, public
from tests.house.routes import LIST, route_lines
from tests.support.apps import development_app
from tests.support.pages import NOT_PAGES, PAGES


@pytest.fixture(scope="module")
def app() -> Flask:
    return development_app()


def test_routes_match_the_committed_list(app: Flask) -> None:
    listed_routes, current_routes = LIST.read_text().splitlines(), route_lines(app)
    differences = [f"new: {line}" for line in current_routes if line not in listed_routes]
    differences += [f"gone: {line}" for line in listed_routes if line not in current_routes]
    assert not differences, (
        "Routes changed. If this is intended, run .venv/bin/python -m tests.house.routes\n"
        + "\n".join(differences)
    )
    assert current_routes == listed_routes


def test_every_view_declares_its_access(app: Flask) -> None:
    undeclared = [name for name, view in app.view_functions.items() if not hasattr(view, "access")]
    assert not undeclared


def test_view_without_access_declaration_fails_at_startup() -> None:
    app = Flask("undeclared")
    app.add_url_rule("/open", "open", lambda: "")
    with pytest.raises(RuntimeError, match="open"):
        install_gate(app)


def test_public_paths_are_routed(app: Flask) -> None:
    paths = {rule.rule.replace("<provider>", "wayforpay") for rule in app.url_map.iter_rules()}
    expected_paths = {
        "/", "/products/<slug>", "/cart", "/checkout", "/checkout/processing/<order_reference>", "/orders",
        "/membership", "/refcodes", "/account/wallets", "/account/security", "/notifications", "/login", "/register",
        "/admin/refcodes", "/admin/store/commissions", "/admin/audit", "/vendor/earnings", "/api/refcodes",
        "/api/refcodes/track", "/api/admin/rewards", "/api/refcodes/mint", "/api/cron/refcodes-mint",
        "/api/store/products", "/api/store/orders", "/api/store/payments/wayforpay", "/api/store/payments/credit",
        "/api/membership/upgrade", "/api/payments/wayforpay/webhook", "/healthz", "/readyz", "/metrics",
    }  # fmt: skip
    assert expected_paths <= paths, expected_paths - paths


def test_access_decorator_returns_the_view_unchanged() -> None:
    def view() -> str:
        return "seen"

    assert public()(view) is view


def test_every_page_is_in_the_list_of_tested_pages(app: Flask) -> None:
    listed_pages = {endpoint for pages in PAGES.values() for endpoint in pages} - {""}
    rules = [rule for rule in app.url_map.iter_rules() if "GET" in (rule.methods or set())]
    get_endpoints = {
        rule.endpoint for rule in rules if not rule.rule.startswith("/api/") and ":form>" not in rule.rule
    }
    assert get_endpoints - listed_pages - NOT_PAGES == set()
    assert listed_pages | NOT_PAGES <= get_endpoints
