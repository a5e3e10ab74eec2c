"""A walk through production as each role: no script error, no blocked resource, no server error on any page."""

from __future__ import annotations

import json
import re
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from urllib.parse import parse_qs

import pyotp
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect

from models import ChainAlert, SecondFactor, User
from models import database as models_database
from portal.accounts import begin_enrolment, enable_second_factor, enrolment_secret
from portal.db import bind_database, query
from portal.db.failing import set_aside
from portal.lib.sealing import unseal
from portal.payments.providers.wayforpay.callbacks import sign_callback
from portal.payments.providers.wayforpay.purchase import verify_purchase
from portal.proposals import CREDIT, Draft, propose
from portal.settings import WAYFORPAY_PAY_URL
from tests.browser.conftest import collect_problems
from tests.factories import (
    ACTOR,
    PASSWORD,
    give_credit,
    make_admin,
    make_code,
    make_order,
    make_payment,
    make_product,
    make_reward,
    make_settlement,
    make_user,
    make_vendor,
)
from tests.support.databases import fresh_database, server_url
from tests.support.production import (
    MERCHANT_ACCOUNT,
    MERCHANT_SECRET,
    SECRET_KEY,
    ProductionPortal,
    production_portal,
)

CODE = "Ab3dE5gH"
PENDING, REFUNDABLE, HELD = (
    "store_pending_1700000000001",
    "store_refund_1700000000002",
    "store_held_1700000000003",
)
ORDERS_PER_PAGE = 25


@pytest.fixture(scope="module")
def production(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ProductionPortal]:
    """Run one production portal in which each role has something to see."""
    with fresh_database(server_url("embedded")) as url:
        bind_database(url)
        _fill()
        models_database.close_all()
        # Credit above the limit needs two admins.
        with production_portal(
            tmp_path_factory.mktemp("roles"), url, CREDIT_SECOND_APPROVAL_USD="100"
        ) as portal:
            yield portal
            models_database.close_all()


def _fill() -> None:
    referrer = make_user("Rita Referrer", email="referrer@example.com")
    code = make_code(referrer, code=CODE)
    vendor = make_vendor(
        make_user("Vasyl Vendor", email="vendor@example.com", role="vendor"), name="Tea house"
    )
    kettle = make_product(vendor, slug="kettle", name="Kettle", price_minor=49_900)
    make_reward(code, order_reference=PENDING)
    make_settlement(vendor, order_reference=HELD)
    _make_admins()
    refunded = make_order(make_user("Roman"), [(kettle, 1)], paid=True, order_reference=REFUNDABLE)
    give_credit(User.get_by_id(refunded.buyer_user_id), 1)
    make_payment(refunded, "paid", processor="internal_credit", rail="internal_credit")
    set_aside("callbacks", 1, "OperationalError: the statement was cancelled")
    ChainAlert.insert(kind="paid_differently", subject=PENDING, details={}).execute()


def _make_admins() -> None:
    admin, other = make_admin(email="admin@example.com"), make_admin(name="Second Admin")
    begin_enrolment(admin.id, SECRET_KEY)
    secret = enrolment_secret(admin.id, SECRET_KEY)
    assert secret
    enable_second_factor(admin.id, pyotp.TOTP(secret).now(), SECRET_KEY, ACTOR)
    query("UPDATE second_factors SET last_step = last_step - 10")
    propose(
        Draft(
            kind=CREDIT,
            subject=str(make_user("Lesia Lucky").id),
            reason="A prize",
            request_id="a prize",
            usd_value=Decimal(2500),
            amount_minor=10_000_000,
            currency="UAH",
        ),
        other.id,
    )


@pytest.fixture
def open_page(browser: Browser, production: ProductionPortal) -> Iterator[Callable[[], Page]]:
    """Return a function that opens a page; whatever goes wrong on any page of its context fails the test."""
    contexts: list[BrowserContext] = []
    problems: list[str] = []

    def open_one() -> Page:
        context = browser.new_context(base_url=production.url, ignore_https_errors=True, locale="en-GB")
        context.grant_permissions(["clipboard-read", "clipboard-write"])
        contexts.append(context)
        collect_problems(context, problems)
        context.route(f"{WAYFORPAY_PAY_URL}**", _provider_page)
        return context.new_page()

    yield open_one
    for context in contexts:
        context.close()
    assert not problems
    assert "Traceback" not in production.log.read_text()


def _provider_page(route: Route) -> None:
    """Answer the provider's address with a page that the buyer leaves without paying; check the form's signature."""
    verify_purchase(MERCHANT_SECRET, parse_qs(route.request.post_data or "", keep_blank_values=True))
    route.fulfill(content_type="text/html", body="<!doctype html><title>Card</title><h1>Card payment</h1>")


def press(page: Page, name: str) -> None:
    page.locator("main").get_by_role("button", name=name).first.click()


def sign_in(page: Page, email: str) -> None:
    page.goto("/login")
    page.locator("#email").fill(email)
    page.locator("#password").fill(PASSWORD)
    page.locator("main form button[type=submit]").first.click()
    page.wait_for_url(re.compile("/(login/second-factor)?$"))


def shows(page: Page, path: str, *texts: str) -> None:
    """Open a page and check its words."""
    if path:
        page.goto(path)
    for text in texts:
        expect(page.locator("main")).to_contain_text(text)


def test_buyer(open_page: Callable[[], Page], production: ProductionPortal) -> None:
    page = open_page()
    with page.expect_response("**/api/refcodes/track") as counted:
        page.goto(f"/?ref={CODE}")
    assert counted.value.ok
    page.goto("/register")
    for name, value in (("name", "Bohdan"), ("email", "bohdan@example.com"), ("password", PASSWORD)):
        page.locator(f"#{name}").fill(value)
    press(page, "Create account")
    page.wait_for_url("**/")
    with _bound(production):
        buyer = User.get(User.email == "bohdan@example.com")
        give_credit(buyer, 60_000)

    shows(page, "/products/kettle", "Kettle", "Tea house", "499.00")
    press(page, "Add to cart")
    page.wait_for_url("**/cart")
    shows(page, "", "Kettle", "499.00")
    shows(page, "/checkout", "Rita Referrer", CODE, "Your price stays the same.", "Pay 499.00")
    page.locator("input[value=credit]").check()
    press(page, "Pay 499.00")
    shows(page, "", "Paid. Thank you!", "Referral code credited:", CODE)

    page.goto("/products/kettle")
    press(page, "Add to cart")
    page.wait_for_url("**/cart")
    shows(page, "/checkout", "Card (WayForPay)")
    expect(page.locator("input[value=credit]")).to_be_disabled()
    page.locator("input[value=wayforpay]").check()
    press(page, "Pay 499.00")
    expect(page.get_by_role("heading", name="Card payment")).to_be_visible()
    shows(page, "/checkout", "These orders are waiting for payment:", "499.00")
    page.get_by_role("link", name="Pay now").click()
    shows(page, "", "Waiting for the payment provider", "Kettle")
    press(page, "Cancel the order")
    shows(page, "", "The order is cancelled")
    shows(page, "/orders", "Cancelled", "Paid", "Referral code credited:")

    with _bound(production):
        for _number in range(ORDERS_PER_PAGE):
            make_order(buyer, paid=True)
    page.reload()
    page.get_by_role("link", name="Next page").click()
    shows(page, "", "Cancelled", "First page")
    shows(page, "/account/credit", "101.00")


@contextmanager
def _bound(production: ProductionPortal) -> Iterator[None]:
    """Bind the models to the database of the portal."""
    bind_database(production.database_url)
    try:
        yield
    finally:
        models_database.close_all()


def test_referrer(open_page: Callable[[], Page], production: ProductionPortal) -> None:
    page = open_page()
    sign_in(page, "referrer@example.com")
    shows(page, "/account/wallets", "Share link", CODE, "Link another wallet")
    shows(page, "/refcodes", "Waiting for approval", "12.5 RING", "Reward history")
    press(page, "Copy link")
    expect(page.get_by_role("button", name="Copied").first).to_be_visible()
    link = page.evaluate("navigator.clipboard.readText()")
    assert link.startswith(production.url)
    assert link.endswith(f"ref={CODE}")
    page.locator("#history summary").first.click()
    shows(page, "", PENDING)
    shows(page, "/notifications", "Notifications")
    shows(page, "/account/security", "Recent sign-ins", "Signed in with the password")


def test_vendor(open_page: Callable[[], Page]) -> None:
    page = open_page()
    sign_in(page, "vendor@example.com")
    shows(page, "/vendor/earnings", "Tea house", "Payout schedule", "Net payout", "750.00")
    page.get_by_text("Breakdown").first.click()
    shows(page, "", "Platform commission")
    for form, begins in (("csv", b"id,"), ("xlsx", b"PK")):
        with page.expect_download() as download:
            page.locator(f"#settlements a[href*='.{form}']").click()
        content = Path(download.value.path()).read_bytes()
        assert content.startswith(begins)
        assert form == "xlsx" or HELD in content.decode()


def test_admin(open_page: Callable[[], Page], production: ProductionPortal) -> None:
    _send_unknown_callback(production)
    page = open_page()
    sign_in(page, "admin@example.com")
    page.locator("#code").fill(_code(production))
    press(page, "Sign in")
    page.wait_for_url("**/admin")
    shows(page, "", "Waiting for you", "Unmatched callbacks", "Health")
    _decide_rewards(page)
    _decide_money(page)
    _look_at_payments(page)
    _audit(page)


def _send_unknown_callback(production: ProductionPortal) -> None:
    fields = {
        "merchantAccount": MERCHANT_ACCOUNT,
        "orderReference": "store_nobody_1700000000000",
        "amount": "10",
        "currency": "UAH",
        "authCode": "1",
        "cardPan": "41****8217",
        "transactionStatus": "Approved",
        "reasonCode": "1100",
    }
    body = json.dumps(sign_callback(MERCHANT_SECRET, fields)).encode()
    request = urllib.request.Request(f"{production.url}/api/payments/wayforpay/webhook", body)
    with urllib.request.urlopen(request, timeout=30, context=production.tls) as answer:
        answer.read()


def _code(production: ProductionPortal) -> str:
    with _bound(production):
        row = SecondFactor.get()
        return pyotp.TOTP(unseal(row.sealed_secret, SECRET_KEY, row.user_id)).now()


def _decide_rewards(page: Page) -> None:
    shows(page, "/admin/refcodes", PENDING, "12.5 RING")
    page.get_by_role("button", name=f"Approve {PENDING}").click()
    expect(page.locator("tr[data-row]", has_text=PENDING).locator("[data-status=approved]")).to_be_visible()
    shows(page, "/admin/refcodes/mint", "Mint approved", "No blockchain is configured.")
    shows(page, f"/admin/refcodes/codes/{CODE}", "Rita Referrer")


def _decide_money(page: Page) -> None:
    shows(page, "/admin/store/commissions", HELD, "Tea house", "750.00")
    row = page.locator("tr", has_text=HELD)
    row.get_by_role("link", name=f"Hold {HELD}").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.locator("[data-dialog-subject]")).to_have_text(HELD)
    dialog.get_by_label("Reason").fill("To be checked")
    dialog.get_by_role("button", name="Hold").click()
    expect(page.locator("tr", has_text=HELD).locator("[data-status=held]")).to_be_visible()
    page.goto("/admin/credit?account=referrer@example.com")
    _add_credit(page, "25.00", "USD")
    shows(page, "", "The credit is added. The balance is now")
    _add_credit(page, "500.00", "USD")
    shows(page, "", "A second admin has to confirm this amount. Nothing has been added yet.")
    shows(page, "/admin/payments/proposals", "You proposed this.", "Lesia Lucky", "A prize")
    page.get_by_role("button", name="Confirm").click()
    shows(page, "", "Confirmed and carried out.")
    expect(page.get_by_role("button", name="Confirm")).to_have_count(0)


def _add_credit(page: Page, amount: str, currency: str) -> None:
    page.get_by_label("Amount").fill(amount)
    page.get_by_label("Currency").select_option(currency)
    page.get_by_label("Reason").fill("A present")
    press(page, "Add credit")


def _look_at_payments(page: Page) -> None:
    shows(page, "/admin/payments/inbox", "store_nobody_1700000000000", "Approved")
    page.locator("tbody a").first.click()
    shows(page, "", "store_nobody_1700000000000")
    shows(page, "/admin/payments/failing", "OperationalError: the statement was cancelled")
    press(page, "Retry now")
    shows(page, "", "It will be retried in the next run.")


def _audit(page: Page) -> None:
    shows(page, "/admin/audit", "On-chain state and ledger differ", PENDING)
    press(page, "Close the alert")
    shows(page, "", "The alert is closed.")
    shows(page, f"/admin/audit?orderReference={REFUNDABLE}", "At most 499.00 UAH.")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download the proof (JSON)").click()
    assert json.loads(Path(download.value.path()).read_text())["orderReference"] == REFUNDABLE
    page.get_by_label("Reason").fill("A broken kettle")
    press(page, "Refund the buyer")
    shows(page, "", "The refund is complete. Settlements and rewards are updated.", "A broken kettle")
