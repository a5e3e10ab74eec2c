"""Take the screenshots of the README and docs from a new portal: `make screenshots`.

With `--all FOLDER`, capture every page as each role in three languages, light and dark, wide and narrow, for review.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from tests.support.chromium import ARGUMENTS, chromium_program
from tests.support.living import fill_cart, fill_portal, open_page, sign_in
from tests.support.pages import PAGES, Lived
from tests.support.portals import RunningPortal, start_portal

IMAGES = Path(__file__).resolve().parents[1] / "docs" / "images"
WIDE, NARROW = {"width": 1280, "height": 860}, {"width": 360, "height": 740}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--all", type=Path, metavar="FOLDER", dest="folder")
    folder = parser.parse_args().folder
    with (
        tempfile.TemporaryDirectory() as scratch,
        started_portal(Path(scratch)) as portal,
        started_browser() as browser,
    ):
        lived = fill_portal(browser, portal)
        if folder:
            capture_all_pages(browser, portal, lived, folder)
        else:
            take_screenshots(browser, portal, lived)


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


def take_screenshots(browser: Browser, portal: RunningPortal, lived: Lived) -> None:
    """Take the few committed screenshots: one width, in the language of the documents."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    store = f"/admin/stores/{lived.names['store']}"
    shots = [
        ("referrer", "/refcodes", "referrer"),
        ("admin", "/admin/refcodes?status=pending_approval", "admin"),
        ("admin", "/admin/stores/connect?name=Mug+shop&platform=woocommerce", "store-connect"),
        ("admin", store, "store-connection"),
        ("admin", f"{store}/events", "store-events"),
    ]
    for role, path, name in shots:
        page = open_page(browser, portal, "en")
        sign_in(page, portal, role)
        page.goto(path)
        page.screenshot(path=IMAGES / f"{name}.png", full_page=name.startswith("store-"))
        page.context.close()
    page = open_page(browser, portal, "en")
    page.goto(portal.description["referralLink"])
    sign_in(page, portal, "buyer")
    fill_cart(page)
    page.goto("/checkout")
    page.screenshot(path=IMAGES / "checkout.png")
    page.context.close()


def capture_all_pages(browser: Browser, portal: RunningPortal, lived: Lived, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for role in PAGES:
        for locale, scheme, size in variants():
            page = open_page(browser, portal, locale, scheme=scheme, size=size)
            page.goto(f"/{locale}/?ref={portal.description['referralLink'].partition('=')[2]}")
            if role != "visitor":
                sign_in(page, portal, role)
            if role == "buyer":
                fill_cart(page)
            for number, path in enumerate(lived.addresses(role)):
                page.goto(f"/{locale}{path}")
                name = f"{role}-{number}-{locale}-{scheme}-{size['width']}.png"
                page.screenshot(path=folder / name, full_page=True)
            page.context.close()


def variants() -> list[tuple[str, str, dict[str, int]]]:
    """Return each language wide and light, and every other variant in one language."""
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
