"""A store in production from its connection to the paid commission: pages, a shop elsewhere, reports, both ledgers."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from typing import Any

import pyotp
import pytest
from playwright.sync_api import Browser, Page, expect

from models import CommissionStatement, Order, ReferralReward, Settlement
from models import database as models_database
from portal.accounts import begin_enrolment, enable_second_factor, enrolment_secret
from portal.db import bind_database, query
from portal.db.checks import run_checks
from portal.flows.statements.open_statements import open_statements
from portal.settings import Settings
from tests.factories import ACTOR, PASSWORD, make_admin, make_code, make_user, make_vendor
from tests.support.databases import fresh_database, server_url
from tests.support.production import SECRET_KEY, ProductionPortal, production_portal
from tests.support.shop_pages import Shop, shop_pages

CODE, HOST = "Ab3dE5gH", "mugs.localhost"
# As a store with strict rules sends it; the address of the portal is filled in.
STRICT = "default-src 'none'; script-src {0}; connect-src {0}; base-uri 'none'; form-action 'self'"
LINE = {"externalId": "7", "sku": "MUG", "name": "Mug", "quantity": 2, "amount": "500.00", "tax": "100.00"}


@pytest.fixture
def production(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[ProductionPortal, pyotp.TOTP]]:
    """Run a production portal with a referrer, a vendor and an admin who has a second factor."""
    with fresh_database(server_url("embedded")) as url:
        bind_database(url)
        make_code(make_user("Rita Referrer"), code=CODE)
        make_vendor(make_user("Vira", role="vendor"), name="Mug works")
        admin = make_admin(email="admin@example.com")
        begin_enrolment(admin.id, SECRET_KEY)
        secret = enrolment_secret(admin.id, SECRET_KEY)
        assert secret
        enable_second_factor(admin.id, pyotp.TOTP(secret).now(), SECRET_KEY, ACTOR)
        accept_codes_again()
        with production_portal(tmp_path_factory.mktemp("store"), url) as portal:
            yield portal, pyotp.TOTP(secret)
        models_database.close_all()


def accept_codes_again() -> None:
    """Let a code of the second factor be used again at once; another one comes only after half a minute."""
    query("UPDATE second_factors SET last_step = last_step - 10")


def test_store_sells_by_a_link_and_pays_its_commission(
    browser: Browser, production: tuple[ProductionPortal, pyotp.TOTP]
) -> None:
    portal, factor = production
    with shop_pages(portal.url) as shop:
        context = browser.new_context(base_url=portal.url, ignore_https_errors=True, locale="en-GB")
        page = context.new_page()
        sign_in(page, factor)
        values = connect(page, factor, shop.url(HOST, ""))
        code = visit_shop(browser, shop, portal.url, values["snippet"])
        order = order_of(code)

        tried = report(portal, values["test-key"], order)
        assert (tried["result"], tried["live"], tried["referralApplied"]) == ("test", False, True)
        assert not Order.select().exists()
        created = report(portal, values["live-key"], order)
        assert (created["result"], created["reward"]["status"]) == ("created", "pending_approval")
        assert report(portal, values["live-key"], order)["result"] == "unchanged"
        earned = ReferralReward.get().reward_amount_wei
        assert earned > 0

        page.goto("/admin/refcodes")
        page.get_by_role("button", name=f"Approve {created['orderReference']}").click()
        expect(page.locator("tr[data-row] [data-status=approved]")).to_be_visible()
        partly = {"id": "1", "amount": "300.00", "lines": [{"externalId": "7", "amount": "250.00"}]}
        refunded = report(portal, values["live-key"], {**order, "version": 2, "refunds": [partly]})
        assert refunded["commissionable"]["refunded"] == "250.00"
        assert owed_by_store() == (25_000, "store")
        reward = ReferralReward.get()
        assert (reward.status, reward.reward_amount_wei * 2) == ("approved", earned)

        open_statements(None, Settings(_env_file=None), ACTOR)
        page.goto(f"/admin/statements/{CommissionStatement.get().id}")
        page.get_by_label("Payment reference").fill("bank 42")
        press(page, factor, "Mark as paid")
        expect(page.locator("main")).to_contain_text("bank 42")
        context.close()
    paid = CommissionStatement.get()
    assert (paid.status, paid.paid_reference) == ("paid", "bank 42")
    assert run_checks() == {}
    assert "Traceback" not in portal.log.read_text()


def sign_in(page: Page, factor: pyotp.TOTP) -> None:
    page.goto("/login")
    page.locator("#email").fill("admin@example.com")
    page.locator("#password").fill(PASSWORD)
    page.locator("main form button[type=submit]").first.click()
    page.locator("#code").fill(factor.now())
    page.locator("main form button[type=submit]").click()
    page.wait_for_url("**/admin")


def press(page: Page, factor: pyotp.TOTP, name: str) -> None:
    """Press a button of a sensitive change long after the last proof of identity, and give the proof."""
    query("UPDATE user_sessions SET confirmed_at = confirmed_at - interval '1 hour'")
    accept_codes_again()
    page.locator("main").get_by_role("button", name=name).click()
    expect(page.get_by_role("heading", name="Confirm that it is you")).to_be_visible()
    page.locator("#code").fill(factor.now())
    page.get_by_role("button", name="Confirm").click()
    expect(page.get_by_role("heading", name="Thank you. Continue?")).to_be_visible()
    page.get_by_role("button", name="Submit").click()


def connect(page: Page, factor: pyotp.TOTP, origin: str) -> dict[str, str]:
    """Connect a shop of another kind by the three steps, and return what the last one shows once."""
    page.goto("/admin/stores/connect")
    page.locator("#name").fill("Mugs")
    page.locator("#platform").select_option("api")
    page.locator("main button[type=submit]").click()
    page.locator("#origins").fill(origin)
    page.locator("#default_vendor").select_option(label="Mug works")
    page.locator("#collected_by").select_option("store")
    press(page, factor, "Connect the store")
    page.locator("#copy-this").wait_for()
    return {name: page.locator(f"#{name}").input_value() for name in ("live-key", "test-key", "snippet")}


def visit_shop(browser: Browser, shop: Shop, portal_url: str, snippet: str) -> str:
    """Open the shop by a share link under a strict policy, see the badge, and return the code that its form has."""
    shop.policy = STRICT.format(portal_url)
    shop.page = (
        f'<html lang="en"><head><title>Mugs</title>{snippet}</head><body>'
        '<ring-badge></ring-badge><form><input name="ring_ref"></form></body></html>'
    )
    errors: list[str] = []
    with browser.new_context(ignore_https_errors=True) as context:
        page = context.new_page()
        page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
        page.goto(shop.url(HOST, f"/?ref={CODE}"))
        expect(page.get_by_role("status")).to_contain_text(CODE)
        expect(page.locator("input[name=ring_ref]")).to_have_value(CODE)
        assert errors == []
        return page.locator("input[name=ring_ref]").input_value()


def order_of(code: str) -> dict[str, Any]:
    return {
        "externalId": "14", "version": 1, "currency": "UAH", "status": "paid", "paidAmount": "600.00",
        "referralCode": code, "codeSource": "cookie", "customer": {"email": "buyer@example.test"}, "lines": [LINE],
    }  # fmt: skip


def report(portal: ProductionPortal, key: str, order: dict[str, Any]) -> dict[str, Any]:
    """Report an order as the shop's server does, and return the portal's answer."""
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    request = urllib.request.Request(f"{portal.url}/api/v1/orders", json.dumps(order).encode(), headers)
    with urllib.request.urlopen(request, timeout=30, context=portal.tls) as answer:
        content: dict[str, Any] = json.load(answer)
    return content


def owed_by_store() -> tuple[int, str]:
    """Return what is left of the sale in minor units, and who collected the money."""
    rows = list(Settlement.select())
    assert {row.collected_by for row in rows} == {"store"}
    return sum(row.amount_minor for row in rows), rows[0].collected_by
