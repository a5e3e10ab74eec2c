"""Fixtures of browser tests: pages in separate browser contexts, and signing in through the form."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.support.living import fill_portal
from tests.support.pages import Lived
from tests.support.portals import RunningPortal, start_portal
from tests.support.run import run_folder

Visitor = Callable[..., Page]
_numbers = itertools.count(1)
# The default of five seconds is too short for a busy machine.
expect.set_options(timeout=20_000)


def check_qr(page: Page, selector: str) -> None:
    """Check that no module of a QR code is cut off: the drawing lies inside its box with a margin around it."""
    margins = page.locator(selector).evaluate(
        """(svg) => {
          const box = svg.getBoundingClientRect(), ink = svg.querySelector("path").getBoundingClientRect();
          return [ink.left - box.left, ink.top - box.top, box.right - ink.right, box.bottom - ink.bottom];
        }"""
    )
    assert min(margins) > 5, margins
    assert max(margins) - min(margins) < 5, margins


def collect_problems(context: BrowserContext, problems: list[str]) -> None:
    """Add script errors, messages of the console and refused requests of every page of a context to `problems`."""
    context.on("weberror", lambda error: problems.append(str(error.error)))
    context.on(
        "console",
        lambda message: problems.append(message.text) if message.type in ("error", "warning") else None,
    )
    context.on(
        "response",
        lambda answer: problems.append(f"{answer.status} {answer.url}") if answer.status >= 400 else None,
    )


@pytest.fixture(scope="package")
def portal(worker_id: str) -> Iterator[RunningPortal]:
    """Yield a running portal with demo data that browser tests of this worker share; it stops when they are done."""
    running = start_portal(run_folder() / f"portal-{worker_id}-{next(_numbers)}")
    try:
        yield running
        running.stop()
    finally:
        running.clear()


@pytest.fixture
def visitor(browser: Browser, portal: RunningPortal) -> Iterator[Visitor]:
    """Return a function that opens a page in a new context without cookies; a script error fails the test."""
    contexts: list[BrowserContext] = []
    errors: list[str] = []

    def make(**options: Any) -> Page:
        context = browser.new_context(**{"base_url": portal.url, "locale": "en-GB", **options})
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        return page

    yield make
    for context in contexts:
        context.close()
    assert not errors


@pytest.fixture(scope="package")
def lived(browser: Browser, portal: RunningPortal) -> Lived:
    """Fill the portal with purchases, rewards and payouts; return the names that its pages need."""
    return fill_portal(browser, portal)


@pytest.fixture
def sign_in(portal: RunningPortal) -> Callable[[Page, str], None]:
    """Return a function that signs a page in as one of the demo users."""

    def enter(page: Page, role: str) -> None:
        login = portal.description["logins"][role]
        page.goto("/en/login")
        page.locator("#email").fill(login["email"])
        page.locator("#password").fill(login["password"])
        page.locator("main button[type=submit]").click()
        page.wait_for_url(re.compile("/(admin)?$"))

    return enter
