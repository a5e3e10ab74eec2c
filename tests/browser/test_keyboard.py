"""A purchase with the keyboard alone, and the focus after a swap."""

from __future__ import annotations

import time
from collections.abc import Callable

from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import Visitor
from tests.support.living import sql
from tests.support.pages import Lived
from tests.support.portals import RunningPortal

FOCUSED = """() => {
  const at = document.activeElement;
  return at.getAttribute('aria-label') || at.innerText || at.name || at.id || '';
}"""
# The ring is around the element or around the card or label that it belongs to.
RING = """() => {
  for (let at = document.activeElement, steps = 0; at && steps < 5; at = at.parentElement, steps += 1) {
    const style = getComputedStyle(at);
    if (style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0) return true;
  }
  return false;
}"""


def tab_to(page: Page, label: str, limit: int = 60) -> None:
    """Press Tab until the focus is on an element with this label; every focused element must show a ring."""
    for _ in range(limit):
        page.keyboard.press("Tab")
        name = str(page.evaluate(FOCUSED))
        if name:
            assert page.evaluate(RING), f"{name!r} does not show the focus"
        if label in name:
            return
    raise AssertionError(f"the keyboard never reached {label!r}")


def test_purchase_works_with_the_keyboard(visitor: Visitor, portal: RunningPortal) -> None:
    page = visitor()
    page.goto(portal.description["referralLink"])
    page.keyboard.press("Tab")
    assert "Skip to content" in page.evaluate(FOCUSED)
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    page.goto("/register")
    for field, text in (
        ("name", "Eve"),
        ("email", f"eve-{time.time_ns()}@demo.example"),
        ("password", "a-visitor-pass"),
    ):
        page.locator(f"#{field}").focus()
        page.keyboard.type(text)
    page.keyboard.press("Enter")
    page.wait_for_url("**/")
    tab_to(page, "Add to cart: Mountain tea")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Cart", exact=True)).to_be_visible()
    tab_to(page, "Go to checkout")
    page.keyboard.press("Enter")
    page.wait_for_url("**/checkout")
    tab_to(page, "method")
    page.keyboard.press("Space")
    tab_to(page, "Pay ")
    page.keyboard.press("Enter")
    page.wait_for_url("**/dev/wayforpay/**")
    tab_to(page, "Pay")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Paid. Thank you!")).to_be_visible(timeout=15_000)


def test_menu_closes_when_the_focus_leaves_it(visitor: Visitor, sign_in: Callable[[Page, str], None]) -> None:
    page = visitor()
    sign_in(page, "admin")
    menu = page.locator("details[data-menu]:has(summary:focus, a:focus)")
    page.locator(".nav-group summary").first.focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(menu).to_have_attribute("open", "")
    while menu.count():
        page.keyboard.press("Tab")
    expect(page.locator("details[data-menu][open]")).to_have_count(0)


def test_focus_survives_a_swap(
    visitor: Visitor, sign_in: Callable[[Page, str], None], portal: RunningPortal, lived: Lived
) -> None:
    with sql(portal) as cursor:
        cursor.execute(
            "SELECT order_reference FROM referral_rewards WHERE status = 'pending_approval' ORDER BY id LIMIT 1"
        )
        (reference,) = cursor.fetchone()
    page = visitor()
    sign_in(page, "admin")
    page.goto(f"/admin/refcodes?status=pending_approval&orderReference={reference}")
    page.get_by_role("button", name=f"Approve {reference}").focus()
    page.keyboard.press("Enter")
    expect(page.locator("tr", has_text=reference).locator("[data-status]")).to_be_visible()
    focused_row = page.evaluate("document.activeElement.closest('tr')?.innerText ?? ''")
    assert reference in focused_row


def test_poll_keeps_the_focus_and_says_what_changed(
    visitor: Visitor, sign_in: Callable[[Page, str], None], lived: Lived
) -> None:
    page = visitor()
    sign_in(page, "buyer")
    page.goto(lived.address("/en/checkout/processing/{own_reference}"))
    cancel = page.get_by_role("button", name="Cancel the order")
    cancel.focus()

    def pay(route: Route) -> None:
        answer = route.fetch()
        body = answer.text().replace("Waiting for the payment provider", "Paid. Thank you!")
        route.fulfill(response=answer, body=body)

    page.route("**/checkout/processing/**", pay)
    expect(page.get_by_role("heading", name="Paid. Thank you!")).to_be_visible()
    expect(page.locator("#live-status")).to_have_text("Paid. Thank you!")
    expect(cancel).to_be_focused()
