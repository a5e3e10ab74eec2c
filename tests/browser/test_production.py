"""Card payments with production settings: HTTPS, the content security policy, the real address of the provider."""

from __future__ import annotations

import html
import json
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import parse_qs

import psycopg2
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect

from models import database as models_database
from portal.db import bind_database
from portal.payments.providers.wayforpay.callbacks import sign_callback
from portal.payments.providers.wayforpay.purchase import verify_purchase
from portal.settings import WAYFORPAY_PAY_URL
from tests.factories import make_code, make_product, make_user
from tests.support.databases import fresh_database, server_url
from tests.support.production import MERCHANT_ACCOUNT, MERCHANT_SECRET, ProductionPortal, production_portal

LOGO = "https://logos.example/mark.svg"
PROVIDER_PAGE = """<!doctype html><title>Card payment</title>
<form method="post" action="{action}"><input type="hidden" name="transactionStatus" value="Approved">
<button>Return to the shop</button></form>"""


@pytest.fixture(scope="module")
def production(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ProductionPortal]:
    """Run one production portal with a product and a referrer's code."""
    with fresh_database(server_url("embedded")) as url:
        bind_database(url)
        make_product(slug="kettle", name="Kettle", price_minor=49_900)
        make_code(make_user("Rita Referrer"), code="Ab3dE5gH")
        models_database.close_all()
        folder: Path = tmp_path_factory.mktemp("production")
        with production_portal(folder, url, BRAND_LOGO_URL=LOGO) as portal:
            yield portal


@pytest.fixture
def page(browser: Browser, production: ProductionPortal) -> Iterator[Page]:
    """Open a page on the production portal; a script error or a blocked resource fails the test."""
    context: BrowserContext = browser.new_context(
        base_url=production.url, ignore_https_errors=True, locale="en-GB"
    )
    opened = context.new_page()
    problems: list[str] = []
    opened.on("pageerror", lambda error: problems.append(str(error)))
    opened.on("console", lambda message: _keep_violation(message.text, problems))
    opened.route(LOGO, lambda route: route.fulfill(content_type="image/svg+xml", body=_LOGO_SVG))
    opened.route(f"{WAYFORPAY_PAY_URL}**", provider_page(production))
    yield opened
    context.close()
    assert not problems


_LOGO_SVG = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="16" height="16"><rect width="16" height="16"/></svg>'
)


def _keep_violation(text: str, problems: list[str]) -> None:
    if "Content Security Policy" in text:
        problems.append(text)


def provider_page(production: ProductionPortal) -> Callable[[Route], None]:
    """Answer the provider's address: verify the form, send the signed callback, offer the way back."""

    def answer(route: Route) -> None:
        fields = parse_qs(route.request.post_data or "", keep_blank_values=True)
        verify_purchase(MERCHANT_SECRET, fields)
        send_callback(production, fields)
        body = PROVIDER_PAGE.format(action=html.escape(fields["returnUrl"][0]))
        route.fulfill(content_type="text/html", body=body)

    return answer


def send_callback(production: ProductionPortal, fields: dict[str, list[str]]) -> None:
    callback = sign_callback(
        MERCHANT_SECRET,
        {
            "merchantAccount": MERCHANT_ACCOUNT,
            "orderReference": fields["orderReference"][0],
            "amount": fields["amount"][0],
            "currency": fields["currency"][0],
            "authCode": "541963",
            "cardPan": "41****8217",
            "transactionStatus": "Approved",
            "reasonCode": "1100",
        },
    )
    assert fields["serviceUrl"][0].startswith(f"{production.url}/")
    request = urllib.request.Request(fields["serviceUrl"][0], json.dumps(callback).encode())
    with urllib.request.urlopen(request, timeout=30, context=production.tls) as response:
        assert json.load(response)["status"] == "accept"


def register(page: Page) -> None:
    page.goto("/register")
    for name, value in (
        ("name", "Bohdan Buyer"),
        ("email", f"buyer{time.time_ns()}@example.com"),
        ("password", "a long browser password"),
    ):
        page.locator(f"#{name}").fill(value)
    page.locator("main button[type=submit]").click()
    page.wait_for_url("**/")


def test_order_is_paid_by_card(page: Page, production: ProductionPortal) -> None:
    with page.expect_response("**/api/refcodes/track") as counted:
        page.goto("/?ref=Ab3dE5gH")
    assert counted.value.ok
    register(page)
    page.goto("/products/kettle")
    page.locator("main button[type=submit]").click()
    page.goto("/checkout")
    page.locator("input[value=wayforpay]").check()
    page.locator("main button[type=submit]").last.click()
    page.get_by_role("button", name="Return to the shop").click()
    expect(page.get_by_role("heading", name="Paid. Thank you!")).to_be_visible(timeout=15_000)
    reference = page.url.rsplit("/", 1)[1]
    with psycopg2.connect(production.database_url) as connection, connection.cursor() as cursor:
        cursor.execute(
            """SELECT p.status, r.status, r.rail FROM payment_transactions p
               JOIN referral_rewards r USING (order_reference) WHERE p.order_reference = %s""",
            [reference],
        )
        assert cursor.fetchall() == [("paid", "pending_approval", "fiat")]


def test_membership_is_paid_by_card(page: Page) -> None:
    register(page)
    page.goto("/membership")
    page.locator("button[name=tier][value=MEMBER], form:has(input[value=MEMBER]) button").first.click()
    page.get_by_role("button", name="Return to the shop").click()
    expect(page.get_by_role("heading", name="Paid. Thank you!")).to_be_visible(timeout=15_000)
    page.goto("/membership")
    expect(page.locator("main")).to_contain_text("MEMBER")


def test_logo_of_another_host_is_shown(page: Page) -> None:
    page.goto("/")
    logo = page.locator(f"img[src='{LOGO}']").first
    assert logo.evaluate("image => image.complete && image.naturalWidth") > 0


def test_cookies_are_secure_and_hsts_names_this_host_only(page: Page, production: ProductionPortal) -> None:
    with page.expect_response("**/api/refcodes/track") as counted:
        response = page.goto("/?ref=Ab3dE5gH")
    assert counted.value.ok
    assert response is not None
    assert response.headers["strict-transport-security"] == "max-age=31536000"
    cookies = page.context.cookies(production.url)
    names = {cookie["name"] for cookie in cookies}
    assert names >= {"ring_ref", "ring_ref_visible"}
    assert any(name.startswith("__Host-ring_session") for name in names)
    assert "__Host-ring_visit" in names
    assert {name for name in names if not name.startswith("__Host-")} == {"ring_ref", "ring_ref_visible"}
    assert all(cookie["secure"] for cookie in cookies)
