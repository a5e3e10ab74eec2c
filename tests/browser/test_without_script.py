"""Purchases, approvals and payouts without scripts: every step is a link or a form."""

from __future__ import annotations

import re
import time
from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.conftest import Visitor
from tests.support.living import sql
from tests.support.portals import RunningPortal

SIGN_IN = Callable[[Page, str], None]


def newcomer(visitor: Visitor, portal: RunningPortal) -> Page:
    """Return a page of a user who came through the referral link and has just registered."""
    page = visitor(java_script_enabled=False)
    page.goto(portal.description["referralLink"])
    page.get_by_role("link", name="Create account").click()
    page.get_by_label("Name").fill("Dana")
    page.get_by_label("E-mail").fill(f"dana-{time.time_ns()}@demo.example")
    page.get_by_label("Password").fill("a-visitor-pass")
    page.locator("main").get_by_role("button", name="Create account").click()
    return page


def fill_cart(page: Page) -> None:
    page.goto("/")
    page.get_by_role("button", name="Add to cart: Mountain tea, 100 g").click()
    page.get_by_role("link", name="Go to checkout").click()


def buy_by_card(visitor: Visitor, portal: RunningPortal) -> str:
    page = newcomer(visitor, portal)
    fill_cart(page)
    page.get_by_label("Card (WayForPay)").check()
    page.get_by_role("button", name=re.compile("^Pay ")).click()
    # Without scripts the buyer sends the signed form.
    page.get_by_role("button", name="Continue to payment").click()
    page.get_by_role("button", name="Pay", exact=True).click()
    page.get_by_role("button", name="Back to the store").click()
    expect(page.get_by_role("heading", name="Paid. Thank you!")).to_be_visible(timeout=15_000)
    return page.url.rsplit("/", 1)[1]


def test_card_purchase_and_admin_decisions(visitor: Visitor, sign_in: SIGN_IN, portal: RunningPortal) -> None:
    approved, rejected = buy_by_card(visitor, portal), buy_by_card(visitor, portal)
    admin = visitor(java_script_enabled=False)
    sign_in(admin, "admin")
    admin.goto("/admin/refcodes?status=pending_approval")
    admin.locator("tr", has_text=approved).get_by_role("button", name="Approve").click()
    admin.locator("tr", has_text=rejected).get_by_role("link", name="Reject").click()
    admin.get_by_label("Reason").fill("a test")
    admin.get_by_role("button", name="Reject").click()
    with sql(portal) as cursor:
        cursor.execute(
            "SELECT order_reference, status FROM referral_rewards WHERE order_reference IN %s",
            [(approved, rejected)],
        )
        statuses = dict(cursor.fetchall())
    assert statuses[rejected] == "rejected"
    assert statuses[approved] in ("approved", "minting", "minted")


def test_credit_is_added_and_spent(visitor: Visitor, sign_in: SIGN_IN, portal: RunningPortal) -> None:
    page = newcomer(visitor, portal)
    with sql(portal) as cursor:
        cursor.execute("SELECT email FROM users ORDER BY id DESC LIMIT 1")
        (email,) = cursor.fetchone()
    admin = visitor(java_script_enabled=False)
    sign_in(admin, "admin")
    admin.goto(f"/en/admin/credit?account={email}")
    admin.get_by_label("Amount").fill("500")
    admin.get_by_label("Reason").fill("a present")
    admin.get_by_role("button", name="Add credit").click()
    expect(admin.locator("main").get_by_text("The credit is added.")).to_be_visible()
    fill_cart(page)
    page.get_by_label("Internal credit").check()
    page.get_by_role("button", name=re.compile("^Pay ")).click()
    expect(page.get_by_role("heading", name="Paid. Thank you!")).to_be_visible()


def test_rewards_are_minted_and_vendors_paid(
    visitor: Visitor, sign_in: SIGN_IN, portal: RunningPortal
) -> None:
    buy_by_card(visitor, portal)
    admin = visitor(java_script_enabled=False)
    sign_in(admin, "admin")
    admin.goto("/admin/refcodes/mint")
    expect(admin.get_by_role("heading", level=1)).to_be_visible()
    with sql(portal) as cursor:
        cursor.execute("UPDATE settlements SET scheduled_for = now() WHERE status = 'pending'")
    admin.goto("/admin/store/commissions")
    admin.get_by_role("link", name="Process due").first.click()
    pay = admin.get_by_role("button", name=re.compile(r"^Pay \d+ payout"))
    # The schedule may have paid them already.
    if pay.count():
        pay.click()
    admin.goto("/admin/store/commissions/batches")
    expect(admin.locator("main").get_by_text("Simulated").first).to_be_visible()
