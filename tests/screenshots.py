"""Take the pictures of the README and docs from a fresh portal: `make screenshots`.

With `--all FOLDER` every page is taken as its role in three languages, light and dark, wide and narrow: for looking at.
"""

from __future__ import annotations

import argparse
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from tests.support.chromium import ARGUMENTS, chromium_program
from tests.support.portals import RunningPortal, start_portal

PICTURES = Path(__file__).resolve().parents[1] / "docs" / "images"
WIDE, NARROW = {"width": 1280, "height": 860}, {"width": 360, "height": 740}

PAGES = {
    "visitor": ["/", "/products/clay-teapot", "/login", "/register", "/nowhere"],
    "buyer": [
        "/cart",
        "/checkout",
        "/orders",
        "/membership",
        "/account/wallets",
        "/account/credit",
        "/account/security",
    ],
    "referrer": ["/refcodes", "/notifications"],
    "vendor": ["/vendor/earnings"],
    "admin": [
        "/admin/refcodes",
        "/admin/refcodes/mint",
        "/admin/store/commissions",
        "/admin/audit",
        "/admin/audit?orderReference={reference}",
        "/admin/payments/inbox?outcome=all",
        "/admin/credit",
    ],
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--all", type=Path, metavar="FOLDER", dest="folder")
    folder = parser.parse_args().folder
    with (
        tempfile.TemporaryDirectory() as scratch,
        started_portal(Path(scratch)) as portal,
        started_browser() as browser,
    ):
        reference = live_a_little(browser, portal)
        if folder:
            take_everything(browser, portal, reference, folder)
        else:
            take_pictures(browser, portal)


@contextmanager
def started_portal(scratch: Path) -> Iterator[RunningPortal]:
    portal = start_portal(scratch / "data")
    try:
        yield portal
        portal.stop()
    finally:
        portal.clear()


@contextmanager
def started_browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_program(), args=list(ARGUMENTS))
        yield browser
        browser.close()


def live_a_little(browser: Browser, portal: RunningPortal) -> str:
    """Let a few people arrive, buy and be credited, so that the pages have something to show; return a reference."""
    reference = ""
    for name, method in (("Ann", "wayforpay"), ("Bob", "wayforpay"), ("Cid", "wayforpay")):
        page = open_page(browser, portal, "en")
        with page.expect_response("**/api/refcodes/track"):
            page.goto(portal.description["referralLink"])
        register(page, name)
        fill_cart(page)
        page.goto("/checkout")
        page.locator(f"input[value={method}]").check()
        page.get_by_role("button", name=re.compile("^Pay ")).click()
        page.get_by_role("button", name="Pay", exact=True).click()
        page.get_by_role("heading", name="Paid. Thank you!").wait_for(timeout=15_000)
        reference = page.url.rsplit("/", 1)[1]
        page.context.close()
    approve_one(browser, portal, reference)
    return reference


def approve_one(browser: Browser, portal: RunningPortal, reference: str) -> None:
    page = open_page(browser, portal, "en")
    sign_in(page, portal, "admin")
    page.goto("/admin/refcodes")
    row = page.locator("tr", has_text=reference)
    row.get_by_role("button", name=f"Approve {reference}").click()
    row.locator("[data-status=minted]").wait_for(timeout=60_000)
    page.context.close()


def register(page: Page, name: str) -> None:
    page.goto("/register")
    for label, value in (
        ("Name", name),
        ("E-mail", f"{name.lower()}@demo.example"),
        ("Password", "demo-visitor-pass"),
    ):
        page.get_by_label(label).fill(value)
    page.locator("main").get_by_role("button").click()


def sign_in(page: Page, portal: RunningPortal, role: str) -> None:
    login = portal.description["logins"][role]
    page.goto("/login")
    page.locator("#email").fill(login["email"])
    page.locator("#password").fill(login["password"])
    page.locator("main button[type=submit]").click()
    page.wait_for_load_state()


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
    size: dict[str, int] = WIDE,
) -> Page:
    context = browser.new_context(
        base_url=portal.url,
        locale=locale,
        color_scheme=scheme,  # type: ignore[arg-type]
        viewport=size,  # type: ignore[arg-type]
        reduced_motion="reduce",
    )
    return context.new_page()


def take_pictures(browser: Browser, portal: RunningPortal) -> None:
    """Take the committed pictures: few, at one width, in the language the README is in."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    shots = [
        ("referrer", "/refcodes", "referrer"),
        ("admin", "/admin/refcodes?status=pending_approval", "admin"),
    ]
    for role, path, name in shots:
        page = open_page(browser, portal, "en")
        sign_in(page, portal, role)
        page.goto(path)
        page.screenshot(path=PICTURES / f"{name}.png")
        page.context.close()
    page = open_page(browser, portal, "en")
    page.goto(portal.description["referralLink"])
    sign_in(page, portal, "buyer")
    fill_cart(page)
    page.goto("/checkout")
    page.screenshot(path=PICTURES / "checkout.png")
    page.context.close()


def take_everything(browser: Browser, portal: RunningPortal, reference: str, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for role, paths in PAGES.items():
        for locale, scheme, size in looks():
            page = open_page(browser, portal, locale, scheme=scheme, size=size)
            page.goto(f"/{locale}/?ref={portal.description['referralLink'].partition('=')[2]}")
            if role != "visitor":
                sign_in(page, portal, role)
            if role == "buyer":
                fill_cart(page)
            for number, path in enumerate(paths):
                page.goto(f"/{locale}{path.format(reference=reference)}")
                name = f"{role}-{number}-{locale}-{scheme}-{size['width']}.png"
                page.screenshot(path=folder / name, full_page=True)
            page.context.close()


def looks() -> list[tuple[str, str, dict[str, int]]]:
    """Return each language wide and light, and the other looks in one language each."""
    return [
        ("en", "light", WIDE),
        ("uk", "light", WIDE),
        ("ru", "light", WIDE),
        ("uk", "dark", WIDE),
        ("ru", "light", NARROW),
        ("en", "dark", NARROW),
    ]


if __name__ == "__main__":
    main()
