"""An account with production settings: confirmed by letter, with a second factor, a recovery code and a new e-mail."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg2
import pyotp
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.support.databases import fresh_database, server_url
from tests.support.production import ProductionPortal, production_portal
from tests.support.smtp import Mailbox, smtp_server

PASSWORD, EMAIL, NEW_EMAIL = "a long browser password", "nova@example.com", "nova.new@example.com"


@pytest.fixture
def server() -> Iterator[tuple[Mailbox, int]]:
    with smtp_server() as server:
        yield server


@pytest.fixture
def mailbox(server: tuple[Mailbox, int]) -> Mailbox:
    return server[0]


@pytest.fixture
def production(tmp_path: Path, server: tuple[Mailbox, int]) -> Iterator[ProductionPortal]:
    settings = {
        "REGISTRATION_CONFIRMATION": "true",
        "SMTP_URL": f"smtp+plain://127.0.0.1:{server[1]}",
        "MAIL_FROM": "portal@example.com",
    }
    with (
        fresh_database(server_url("embedded")) as url,
        production_portal(tmp_path, url, **settings) as portal,
    ):
        yield portal


@pytest.fixture
def open_browser(browser: Browser, production: ProductionPortal) -> Iterator[Callable[[], Page]]:
    """Return a function that opens a browser of its own; a script error fails the test."""
    contexts: list[BrowserContext] = []
    problems: list[str] = []

    def open_one() -> Page:
        context = browser.new_context(base_url=production.url, ignore_https_errors=True, locale="en-GB")
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: problems.append(str(error)))
        return page

    yield open_one
    for context in contexts:
        context.close()
    assert not problems


def letter_link(mailbox: Mailbox, recipient: str) -> str:
    """Wait for a letter to an address and return its link."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        for letter in reversed(mailbox.letters):
            body = letter.get_body(("plain",))
            link = re.search(r"https://\S+/account/email/confirm/\S+", body.get_content() if body else "")
            if letter["To"] == recipient and link:
                return link[0]
        time.sleep(0.2)
    raise AssertionError(f"no letter to {recipient}")


def allow_the_code_again(production: ProductionPortal) -> None:
    """Let the authenticator's code of this half minute count once more."""
    with psycopg2.connect(production.database_url) as connection, connection.cursor() as cursor:
        cursor.execute("UPDATE second_factors SET last_step = last_step - 10")


def enter(page: Page, code: str) -> None:
    page.goto("/login")
    page.locator("#email").fill(EMAIL)
    page.locator("#password").fill(PASSWORD)
    page.locator("main form button[type=submit]").first.click()
    page.locator("#code").fill(code)
    page.locator("main form button[type=submit]").click()
    page.wait_for_url("**/")


def test_account_is_opened_secured_and_moved_to_another_mailbox(
    open_browser: Callable[[], Page], production: ProductionPortal, mailbox: Mailbox
) -> None:
    page = open_browser()
    page.goto("/register")
    page.locator("#name").fill("Nova")
    page.locator("#email").fill(EMAIL)
    page.locator("main button[type=submit]").first.click()
    page.goto(letter_link(mailbox, EMAIL))
    page.locator("#password").fill("password1")
    page.get_by_role("button", name="Confirm the e-mail").click()
    expect(page.locator("#password-error")).to_contain_text("used most often")
    page.locator("#password").fill(PASSWORD)
    page.get_by_role("button", name="Confirm the e-mail").click()
    page.wait_for_url("**/login")
    page.locator("#email").fill(EMAIL)
    page.locator("#password").fill(PASSWORD)
    page.locator("main form button[type=submit]").first.click()
    page.wait_for_url("**/")

    page.goto("/account/security/second-factor")
    page.get_by_role("button", name="Set it up").click()
    totp = pyotp.TOTP(page.locator("#secret").input_value())
    page.locator("#code").fill(totp.now())
    page.get_by_role("button", name="Turn it on").click()
    expect(page.locator(".recovery-codes li")).to_have_count(10)
    recovery = page.locator(".recovery-codes li").first.inner_text()
    page.locator("form[action$='/logout']").first.evaluate("form => form.requestSubmit()")
    page.wait_for_url("**/")

    allow_the_code_again(production)
    enter(page, totp.now())
    other = open_browser()
    enter(other, recovery)
    page.goto("/account/security")
    expect(page.locator("#sign-ins-card")).to_contain_text("Signed in with a recovery code")

    page.locator("#email").fill(NEW_EMAIL)
    page.get_by_role("button", name="Send the link").click()
    expect(page.get_by_text(f"We sent a link to {NEW_EMAIL}.")).to_be_visible()
    link = letter_link(mailbox, NEW_EMAIL)
    other.goto(link)
    page.goto(link)
    page.get_by_role("button", name="Confirm the e-mail").click()
    expect(page.locator("#email-card")).to_contain_text(NEW_EMAIL)
    other.goto("/orders")
    expect(other).to_have_url(re.compile("/login"))
    page.goto("/orders")
    expect(page).to_have_url(re.compile("/orders$"))
