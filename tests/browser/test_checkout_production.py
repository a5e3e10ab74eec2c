"""Checkout with production settings: a second tab, and the way back from the provider without paying."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg2
import pytest
from playwright.sync_api import Browser, Page, expect

from models import database as models_database
from portal.db import bind_database
from portal.settings import WAYFORPAY_PAY_URL
from tests.factories import give_credit, make_product, make_user
from tests.support.databases import fresh_database, server_url
from tests.support.production import ProductionPortal, production_portal

EMAIL, PASSWORD = "buyer@example.com", "a long test password"


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ProductionPortal]:
    """Run a production portal with two products and a buyer who has credit."""
    with fresh_database(server_url("embedded")) as url:
        bind_database(url)
        make_product(slug="tea", name="Mountain tea", price_minor=24_000, stock=5)
        make_product(slug="teapot", name="A teapot", price_minor=98_000, stock=5)
        give_credit(make_user("Bohdan Buyer", email=EMAIL), 200_000)
        models_database.close_all()
        with production_portal(tmp_path_factory.mktemp("checkout"), url) as portal:
            yield portal


@pytest.fixture
def page(browser: Browser, shop: ProductionPortal) -> Iterator[Page]:
    """Open a page, signed in as the buyer; a script error or a blocked resource fails the test."""
    context = browser.new_context(base_url=shop.url, ignore_https_errors=True, locale="en-GB")
    opened = context.new_page()
    problems: list[str] = []
    opened.on("pageerror", lambda error: problems.append(str(error)))
    opened.route(
        f"{WAYFORPAY_PAY_URL}**",
        lambda route: route.fulfill(content_type="text/html", body="<!doctype html><h1>Card payment</h1>"),
    )
    opened.goto("/login")
    opened.locator("#email").fill(EMAIL)
    opened.locator("#password").fill(PASSWORD)
    opened.locator("main button[type=submit]").click()
    opened.wait_for_url("**/")
    yield opened
    context.close()
    assert not problems


def put_into_cart(page: Page, slug: str) -> None:
    page.goto(f"/products/{slug}")
    page.locator("main button[type=submit]").click()
    page.wait_for_url("**/cart")


def balance(shop: ProductionPortal) -> int:
    with psycopg2.connect(shop.database_url) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT balance_minor FROM credit_balances")
        return int(cursor.fetchone()[0])


def test_order_changed_in_a_second_tab_is_reviewed_again(page: Page, shop: ProductionPortal) -> None:
    put_into_cart(page, "tea")
    page.goto("/checkout")
    page.locator("input[value=credit]").check()
    second_tab = page.context.new_page()
    put_into_cart(second_tab, "teapot")
    page.get_by_role("button", name="Pay").click()
    summary = page.locator("#error-summary")
    expect(summary).to_contain_text("Your order has changed since you reviewed it.")
    expect(summary).to_contain_text("A teapot was added: 1.")
    expect(page.locator("#order-total")).to_contain_text("1,220.00")
    assert balance(shop) == 200_000
    page.locator("input[value=credit]").check()
    page.get_by_role("button", name="Pay").click()
    expect(page.get_by_role("heading", name="Paid. Thank you!")).to_be_visible()
    assert balance(shop) == 200_000 - 122_000


def test_way_back_from_the_provider_leads_to_the_unpaid_order(page: Page, shop: ProductionPortal) -> None:
    before = balance(shop)
    put_into_cart(page, "tea")
    page.goto("/checkout")
    page.locator("input[value=wayforpay]").check()
    page.get_by_role("button", name="Pay").click()
    expect(page.get_by_role("heading", name="Card payment")).to_be_visible()
    page.goto("/checkout")
    expect(page.locator("main")).to_contain_text("These orders are waiting for payment:")
    page.get_by_role("link", name="Pay now").click()
    expect(page.get_by_role("button", name="Cancel the order")).to_be_visible()
    page.get_by_role("button", name="Pay from credit").click()
    expect(page.get_by_role("heading", name="Paid. Thank you!")).to_be_visible()
    assert balance(shop) == before - 24_000
