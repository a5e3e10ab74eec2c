"""The second factor in a browser: set up by QR code, required at sign-in and for sensitive actions."""

from __future__ import annotations

import time

import psycopg2
import pyotp
from playwright.sync_api import Page, expect

from tests.browser.conftest import Visitor, check_qr
from tests.support.axe import violations
from tests.support.portals import RunningPortal

PASSWORD = "a long browser password"


def run_sql(portal: RunningPortal, statement: str) -> None:
    with psycopg2.connect(portal.description["databaseUrl"]) as connection, connection.cursor() as cursor:
        cursor.execute(statement)


def check(page: Page) -> None:
    """Check the accessibility of a page that no other test reaches."""
    assert not violations(page)


def test_second_factor_is_set_up_and_required(visitor: Visitor, portal: RunningPortal) -> None:
    page = visitor()
    email = f"factor{time.time_ns()}@example.com"
    page.goto("/register")
    for name, value in (("name", "Factor"), ("email", email), ("password", PASSWORD)):
        page.locator(f"#{name}").fill(value)
    page.locator("main button[type=submit]").click()
    page.wait_for_url("**/")
    page.goto("/account/security")
    page.get_by_role("link", name="Set it up").click()
    page.get_by_role("button", name="Set it up").click()
    check(page)
    check_qr(page, ".qr-holder svg")
    totp = pyotp.TOTP(page.locator("#secret").input_value())
    page.locator("#code").fill(totp.now())
    page.get_by_role("button", name="Turn it on").click()
    expect(page.locator(".recovery-codes li")).to_have_count(10)
    check(page)
    recovery = page.locator(".recovery-codes li").first.inner_text()

    page.goto("/account/security")
    check(page)
    run_sql(portal, "UPDATE user_sessions SET confirmed_at = confirmed_at - interval '1 hour'")
    page.locator("#email").fill("changed@example.com")
    page.get_by_role("button", name="Send the link").click()
    expect(page.get_by_role("heading", name="Confirm that it is you")).to_be_visible()
    check(page)
    page.get_by_text("Use your password instead").click()
    page.locator("#present").fill(PASSWORD)
    page.get_by_role("button", name="Confirm").click()
    expect(page.get_by_role("heading", name="Thank you. Continue?")).to_be_visible()
    check(page)
    page.get_by_role("button", name="Submit").click()
    expect(page.get_by_text("We sent a link to changed@example.com.")).to_be_visible()

    again = visitor(java_script_enabled=False)
    again.goto("/login?next=/orders")
    again.locator("#email").fill(email)
    again.locator("#password").fill(PASSWORD)
    again.locator("main form button[type=submit]").first.click()
    expect(again.get_by_role("heading", name="Enter your code")).to_be_visible()
    again.locator("#code").fill(recovery)
    again.locator("main form button[type=submit]").click()
    again.wait_for_url("**/orders")
