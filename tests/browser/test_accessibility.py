"""Pages stay accessible after htmx has swapped a part of them."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.conftest import Visitor
from tests.support.axe import violations
from tests.support.pages import Lived


def test_swapped_fragments_are_accessible(
    visitor: Visitor, sign_in: Callable[[Page, str], None], lived: Lived
) -> None:
    page = visitor()
    sign_in(page, "admin")
    page.goto("/uk/admin/refcodes")
    page.get_by_label("Код").fill("nobody")
    page.get_by_role("button", name="Відфільтрувати").click()
    expect(page).to_have_url(re.compile("nobody"))
    assert not violations(page)
    page.goto("/uk/admin/refcodes?status=pending_approval")
    row = page.locator("tr[data-row]").first
    reference = row.locator("th a").first.inner_text()
    row.get_by_role("button", name=f"Схвалити {reference}").click()
    expect(page.locator("tr", has_text=reference).locator("[data-status]")).to_be_visible()
    assert not violations(page)
