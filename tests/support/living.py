"""Fill a running portal with purchases, rewards and payouts, so that every page has something to show."""

from __future__ import annotations

import json
import re
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg2
from playwright.sync_api import Browser, BrowserContext, Page

from portal.payments.providers.wayforpay.callbacks import sign_callback
from tests.support.pages import Lived
from tests.support.portals import RunningPortal


def fill_portal(browser: Browser, portal: RunningPortal) -> Lived:
    """Create three purchases, a minted reward, paid vendors and a refund; return the names that pages need."""
    references = [buy(browser, portal, name) for name in ("Ann", "Bob", "Cid")]
    own = begin_payment(browser, portal)
    send_callback(portal, references[1], "Refunded", amount="100.00")
    send_callback(portal, "store_nobody_1700000000000", "Approved", amount="10.00")
    page = open_page(browser, portal, "en")
    sign_in(page, portal, "admin")
    approve(page, references[0])
    page.context.close()
    with sql(portal) as cursor:
        cursor.execute("SELECT max(id) FROM payment_events WHERE outcome = 'unmatched'")
        callback_id = str(cursor.fetchone()[0])
    code = portal.description["referralLink"].partition("=")[2]
    names = {
        "code": code,
        "callback_id": callback_id,
        "buyer_email": portal.description["logins"]["buyer"]["email"],
    }
    names |= {"reference": references[0], "refunded_reference": references[1], "own_reference": own}
    return Lived(
        {**names, "job_id": record_mint_job(portal), "batch_id": pay_vendors(portal), "vendor_id": "1"}
    )


def buy(browser: Browser, portal: RunningPortal, name: str) -> str:
    """Buy by card as a new user who came through the referral link, and return the order reference."""
    page = open_page(browser, portal, "en")
    with page.expect_response("**/api/refcodes/track"):
        page.goto(portal.description["referralLink"])
    register(page, name)
    go_to_pay(page)
    page.get_by_role("button", name="Pay", exact=True).click()
    page.get_by_role("heading", name="Paid. Thank you!").wait_for(timeout=15_000)
    reference = page.url.rsplit("/", 1)[1]
    page.context.close()
    return reference


def begin_payment(browser: Browser, portal: RunningPortal) -> str:
    """Begin a payment as the demo buyer without paying: other tests need the first purchase of this user."""
    page = open_page(browser, portal, "en")
    sign_in(page, portal, "buyer")
    go_to_pay(page)
    page.context.close()
    with sql(portal) as cursor:
        cursor.execute(
            "SELECT order_reference FROM orders WHERE buyer_user_id = (SELECT id FROM users WHERE email = %s)",
            [portal.description["logins"]["buyer"]["email"]],
        )
        return str(cursor.fetchone()[0])


def go_to_pay(page: Page) -> None:
    """Fill the cart and open the page of the provider."""
    fill_cart(page)
    page.goto("/checkout")
    page.locator("input[value=wayforpay]").check()
    page.get_by_role("button", name=re.compile("^Pay ")).click()
    page.get_by_role("button", name="Pay", exact=True).wait_for()


def send_callback(portal: RunningPortal, reference: str, status: str, *, amount: str) -> None:
    """Send a signed callback as the provider would."""
    provider = portal.description["wayforpay"]
    fields = {
        "merchantAccount": provider["merchantAccount"],
        "orderReference": reference,
        "amount": amount,
        "currency": "UAH",
        "authCode": amount,
        "cardPan": "41****8217",
        "transactionStatus": status,
        "reasonCode": "1100",
    }
    body = json.dumps(sign_callback(provider["secretKey"], fields)).encode()
    request = urllib.request.Request(f"{portal.url}/api/payments/wayforpay/webhook", body)
    with urllib.request.urlopen(request, timeout=30) as answer:
        answer.read()


def approve(page: Page, reference: str) -> None:
    page.goto("/admin/refcodes")
    row = page.locator("tr", has_text=reference)
    row.get_by_role("button", name=f"Approve {reference}").click()
    row.locator("[data-status=minted]").wait_for(timeout=60_000)


def record_mint_job(portal: RunningPortal) -> str:
    """Record what the schedule has minted as a job that an admin started; return the id of the job."""
    with sql(portal) as cursor:
        cursor.execute(
            "INSERT INTO mint_jobs (kind, status, processed, submitted, minted, started_at, finished_at)"
            " SELECT 'batch', 'finished', count(*), count(*), count(*), now(), now()"
            " FROM referral_rewards WHERE status = 'minted' RETURNING id"
        )
        job_id: int = cursor.fetchone()[0]
        cursor.execute(
            "INSERT INTO mint_job_items (job_id, reward_id)"
            " SELECT %s, id FROM referral_rewards WHERE status = 'minted'",
            [job_id],
        )
    return str(job_id)


def pay_vendors(portal: RunningPortal) -> str:
    """Make all settlements due until the schedule has paid the vendors; return the id of the batch."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        with sql(portal) as cursor:
            cursor.execute(
                "UPDATE settlements SET scheduled_for = now() WHERE status = 'pending' AND scheduled_for > now()"
            )
            cursor.execute("SELECT max(id) FROM payout_batches WHERE status = 'completed'")
            (batch,) = cursor.fetchone()
        if batch:
            return str(batch)
        time.sleep(0.5)
    raise AssertionError("The vendors were not paid.")


@contextmanager
def sql(portal: RunningPortal) -> Iterator[Any]:
    """Yield a cursor of the database of the portal; its changes are committed."""
    database = psycopg2.connect(portal.description["databaseUrl"])
    try:
        with database, database.cursor() as cursor:
            yield cursor
    finally:
        database.close()


def register(page: Page, name: str) -> None:
    page.goto("/register")
    for label, value in (
        ("Name", name),
        ("E-mail", f"{name.lower()}@demo.example"),
        ("Password", "demo-visitor-pass"),
    ):
        page.get_by_label(label).fill(value)
    page.locator("main").get_by_role("button", name="Create account").click()


def sign_in(page: Page, portal: RunningPortal, role: str) -> None:
    login = portal.description["logins"][role]
    page.goto("/en/login")
    page.locator("#email").fill(login["email"])
    page.locator("#password").fill(login["password"])
    page.locator("main button[type=submit]").click()
    page.wait_for_url("**/")


def fill_cart(page: Page) -> None:
    for slug in ("mountain-tea", "city-map"):
        page.goto(f"/products/{slug}")
        page.locator("main button[type=submit]").click()
        page.wait_for_load_state()


def open_page(
    browser: Browser,
    portal: RunningPortal,
    locale: str,
    *,
    scheme: str = "light",
    size: dict[str, int] | None = None,
) -> Page:
    """Return a page in a new browser context."""
    context: BrowserContext = browser.new_context(
        base_url=portal.url,
        locale=locale,
        color_scheme=scheme,  # type: ignore[arg-type]
        viewport=size or {"width": 1280, "height": 860},  # type: ignore[arg-type]
        reduced_motion="reduce",
    )
    return context.new_page()
