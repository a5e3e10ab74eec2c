"""Every route says who may use it, and none appears or vanishes unnoticed."""

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


def test_the_routes_are_the_listed_ones(app: Flask) -> None:
    listed, found = LIST.read_text().splitlines(), route_lines(app)
    told = [f"new: {line}" for line in found if line not in listed]
    told += [f"gone: {line}" for line in listed if line not in found]
    assert not told, "Routes changed. If that is meant: .venv/bin/python -m tests.house.routes\n" + "\n".join(
        told
    )
    assert found == listed


def test_every_view_declares_its_access(app: Flask) -> None:
    undeclared = [name for name, view in app.view_functions.items() if not hasattr(view, "access")]
    assert not undeclared


def test_a_view_without_a_declaration_stops_the_start() -> None:
    app = Flask("undeclared")
    app.add_url_rule("/open", "open", lambda: "")
    with pytest.raises(RuntimeError, match="open"):
        install_gate(app)


def test_what_the_spec_names_is_there(app: Flask) -> None:
    paths = {rule.rule.replace("<provider>", "wayforpay") for rule in app.url_map.iter_rules()}
    named = {
        "/", "/products/<slug>", "/cart", "/checkout", "/checkout/processing/<order_reference>", "/orders",
        "/membership", "/refcodes", "/account/wallets", "/account/security", "/notifications", "/login", "/register",
        "/admin/refcodes", "/admin/store/commissions", "/admin/audit", "/vendor/earnings", "/api/refcodes",
        "/api/refcodes/track", "/api/admin/rewards", "/api/refcodes/mint", "/api/cron/refcodes-mint",
        "/api/store/products", "/api/store/orders", "/api/store/payments/wayforpay", "/api/store/payments/credit",
        "/api/membership/upgrade", "/api/payments/wayforpay/webhook", "/healthz", "/readyz", "/metrics",
    }  # fmt: skip
    assert named <= paths, named - paths


def test_declaring_keeps_the_view_itself() -> None:
    def view() -> str:
        return "seen"

    assert public()(view) is view


def test_every_page_is_one_of_those_that_are_looked_at(app: Flask) -> None:
    listed = {endpoint for pages in PAGES.values() for endpoint in pages} - {""}
    rules = [rule for rule in app.url_map.iter_rules() if "GET" in (rule.methods or set())]
    answering = {
        rule.endpoint for rule in rules if not rule.rule.startswith("/api/") and ":form>" not in rule.rule
    }
    assert answering - listed - NOT_PAGES == set()
    assert listed | NOT_PAGES <= answering
