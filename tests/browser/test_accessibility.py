"""axe finds nothing (WCAG 2.2 AA) on any page, in three languages, light and dark, wide and narrow."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tests.browser.conftest import Visitor
from tests.support.portals import RunningPortal

RULES = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}}
WIDE, NARROW = {"width": 1280, "height": 860}, {"width": 360, "height": 740}
LOOKS = [("en", "light", WIDE), ("uk", "dark", WIDE), ("ru", "light", NARROW), ("en", "dark", NARROW)]
PAGES = {
    "visitor": ("/", "/products/clay-teapot", "/cart", "/login", "/register", "/nowhere"),
    "buyer": ("/cart", "/checkout", "/orders", "/membership", "/account/wallets", "/account/security"),
    "referrer": ("/refcodes", "/notifications"),
    "vendor": ("/vendor/earnings",),
    "admin": (
        "/admin/refcodes",
        "/admin/refcodes/codes/{code}",
        "/admin/refcodes/mint",
        "/admin/store/commissions",
        "/admin/audit",
    ),
}


@pytest.mark.parametrize("role", PAGES)
@pytest.mark.parametrize(("locale", "scheme", "size"), LOOKS, ids=lambda value: str(value)[:5])
def test_axe_finds_nothing(
    visitor: Visitor,
    sign_in: Callable[[Page, str], None],
    portal: RunningPortal,
    role: str,
    locale: str,
    scheme: str,
    size: dict[str, int],
) -> None:
    page = visitor(color_scheme=scheme, viewport=size, reduced_motion="reduce")
    code = portal.description["referralLink"].partition("=")[2]
    page.goto(f"/{locale}/?ref={code}")
    if role != "visitor":
        sign_in(page, role)
    if role == "buyer":
        page.goto("/products/mountain-tea")
        page.locator("main button[type=submit]").click()
    for path in PAGES[role]:
        page.goto(f"/{locale}{path.format(code=code)}")
        found = Axe().run(page, options=RULES).response["violations"]
        told = [(rule["id"], [node["html"][:120] for node in rule["nodes"]]) for rule in found]
        assert not told, (path, told)
        sideways = page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        assert sideways <= 0, f"{path} scrolls sideways by {sideways} px"
