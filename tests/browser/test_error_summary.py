"""The summary of a form's errors says which field each of them is about."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.conftest import Visitor


def test_summary_names_the_field_of_a_message_that_stands_there_twice(
    visitor: Visitor, sign_in: Callable[[Page, str], None]
) -> None:
    page = visitor()
    sign_in(page, "admin")
    page.goto("/en/admin/events?since=never&until=soon")
    links = page.locator("#error-summary a")
    expect(links.first).to_have_text("From date: Enter a date such as 2026-11-21.")
    expect(links.last).to_have_text("To date: Enter a date such as 2026-11-21.")
    page.goto("/en/admin/vendors")
    page.locator("form:has(#name)").evaluate("form => { form.noValidate = true; form.requestSubmit(); }")
    expect(page.locator("#error-summary a")).to_have_text("Enter a name of up to 100 characters.")
