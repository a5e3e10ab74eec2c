"""The grouped navigation of admins: by keyboard, on a phone, and without JavaScript."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.conftest import Visitor
from tests.support.axe import violations

PHONE = {"width": 360, "height": 740}


def test_groups_open_and_close_by_keyboard(visitor: Visitor, sign_in: Callable[[Page, str], None]) -> None:
    page = visitor()
    sign_in(page, "admin")
    expect(page).to_have_url("/en/admin")
    money = page.locator(".nav-group > summary", has_text="Money")
    money.focus()
    page.keyboard.press("Enter")
    payouts = page.get_by_role("link", name="Payouts", exact=True)
    expect(payouts).to_be_visible()
    assert not violations(page)
    page.keyboard.press("Tab")
    page.keyboard.press("Escape")
    expect(payouts).to_be_hidden()
    assert page.evaluate("document.activeElement.textContent.includes('Money')"), "the focus is not lost"
    page.keyboard.press("Enter")
    page.locator(".nav-group > summary", has_text="People").click()
    expect(payouts).to_be_hidden()
    page.get_by_role("link", name="Vendors", exact=True).click()
    expect(page).to_have_url("/en/admin/vendors")
    expect(page.locator(".nav-group.is-within > summary")).to_contain_text("People")
    page.goto("/uk/admin")
    for width in (768, 1000, 1260):
        page.set_viewport_size({"width": width, "height": 700})
        for group in page.locator(".nav-group > summary").all():
            group.click()
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), (
                f"no menu ends outside {width} px"
            )


def test_phone_has_one_menu_without_script(visitor: Visitor, sign_in: Callable[[Page, str], None]) -> None:
    page = visitor(viewport=PHONE, java_script_enabled=False)
    sign_in(page, "admin")
    assert page.locator(".nav-group > summary").first.is_hidden()
    page.locator(".shell-burger").click()
    page.locator(".nav-group > summary", has_text="Audit").click()
    page.get_by_role("link", name="Event log", exact=True).click()
    expect(page).to_have_url("/en/admin/events")
