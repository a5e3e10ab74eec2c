"""axe finds nothing (WCAG 2.2 AA) on any page, in every language and theme, wide or narrow, nor after a swap."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser.conftest import Visitor
from tests.support.pages import PAGES, Lived
from tests.support.portals import RunningPortal

RULES = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}}
WIDE, NARROW = {"width": 1280, "height": 860}, {"width": 360, "height": 740}
# Every language in both themes, every theme on both screens.
LOOKS = [
    ("en", "light", WIDE),
    ("en", "dark", NARROW),
    ("uk", "light", NARROW),
    ("uk", "dark", WIDE),
    ("ru", "light", NARROW),
    ("ru", "dark", WIDE),
]


def violations(page: Page) -> list[tuple[str, list[str]]]:
    found = Axe().run(page, options=RULES).response["violations"]
    return [(rule["id"], [node["html"][:120] for node in rule["nodes"]]) for rule in found]


def sideways(page: Page) -> int:
    return int(page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))


@pytest.mark.parametrize("role", PAGES)
@pytest.mark.parametrize(("locale", "scheme", "size"), LOOKS, ids=lambda value: str(value)[:12])
def test_axe_finds_nothing(
    visitor: Visitor,
    sign_in: Callable[[Page, str], None],
    portal: RunningPortal,
    lived: Lived,
    role: str,
    locale: str,
    scheme: str,
    size: dict[str, int],
) -> None:
    page = visitor(color_scheme=scheme, viewport=size, reduced_motion="reduce")
    page.goto(f"/{locale}/?ref={portal.description['referralLink'].partition('=')[2]}")
    if role != "visitor":
        sign_in(page, role)
    if role == "buyer":
        page.goto("/products/mountain-tea")
        page.locator("main button[type=submit]").click()
    for path in lived.addresses(role):
        page.goto(f"/{locale}{path}")
        told = violations(page)
        assert not told, (path, told)
        assert sideways(page) <= 0, f"{path} scrolls sideways by {sideways(page)} px"


@pytest.mark.parametrize("role", PAGES)
def test_text_twice_as_large_hides_nothing(
    visitor: Visitor, sign_in: Callable[[Page, str], None], lived: Lived, role: str
) -> None:
    """At 200% zoom a window of 1280 px has 640 px of room."""
    page = visitor(viewport={"width": 640, "height": 430}, device_scale_factor=2)
    if role != "visitor":
        sign_in(page, role)
    for path in lived.addresses(role):
        page.goto(f"/uk{path}")
        assert sideways(page) <= 0, f"{path} scrolls sideways by {sideways(page)} px"


def test_axe_finds_nothing_after_a_swap(
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
    reference = row.locator("a code").first.inner_text()
    row.get_by_role("button", name=f"Схвалити {reference}").click()
    expect(page.locator("tr", has_text=reference).locator("[data-status=pending_approval]")).to_have_count(0)
    assert not violations(page)
