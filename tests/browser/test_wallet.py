"""A browser wallet that signs: it announces itself (EIP-6963), and the test has its key."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import psycopg2
import pyotp
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from portal.chain import checksum
from tests.browser.wallets import PROVIDER, BrowserWallet
from tests.support.axe import appearance_violations, show_theme, violations
from tests.support.chains import LocalChain
from tests.support.portals import RunningPortal
from tests.support.wallet_contracts import call_wallet, deploy_wallet, personal_hash
from tests.support.wallets import TestWallet


class WalletBrowser:
    """A browser context with the wallets that are installed in session."""

    def __init__(self, browser: Browser, portal: RunningPortal) -> None:
        self.portal = portal
        self.context: BrowserContext = browser.new_context(
            base_url=portal.url, locale="en-GB", permissions=["clipboard-read", "clipboard-write"]
        )
        self.wallets: dict[str, BrowserWallet] = {}
        self.context.expose_function("walletRequest", self._answer)
        self.page: Page = self.context.new_page()
        self.page.on("pageerror", lambda error: pytest.fail(f"script error: {error}"))

    def _answer(self, name: str, method: str, params: list[Any]) -> dict[str, Any]:
        return self.wallets[name].answer(method, params)

    def install(self, name: str = "Test Wallet") -> BrowserWallet:
        wallet = self.wallets[name] = BrowserWallet(self.portal.description["chainId"])
        self.context.add_init_script(PROVIDER.replace("NAME", repr(name)))
        return wallet

    def register(self, name: str) -> None:
        page = self.page
        page.goto("/register")
        page.get_by_label("Name").fill(name)
        page.get_by_label("E-mail").fill(
            f"{self.wallets and next(iter(self.wallets.values())).stored}@demo.example"
        )
        page.get_by_label("Password").fill("a-visitor-pass")
        page.locator("main").get_by_role("button", name="Create account").click()
        expect(page.get_by_text(f"Welcome, {name}.")).to_be_visible()

    def start(self) -> None:
        self.page.locator("[data-wallet-start]").click()

    def expect_status(self, text: str) -> None:
        expect(self.page.locator("[data-wallet-status]")).to_contain_text(text)


@pytest.fixture
def open_browser(browser: Browser, portal: RunningPortal) -> Iterator[Callable[[], WalletBrowser]]:
    opened: list[WalletBrowser] = []

    def make() -> WalletBrowser:
        opened.append(WalletBrowser(browser, portal))
        return opened[-1]

    yield make
    for each in opened:
        each.context.close()


def test_wallet_is_linked_unlinked_and_linked_again(open_browser: Callable[[], WalletBrowser]) -> None:
    session = open_browser()
    wallet, page = session.install(), session.page
    session.register("Lina")
    page.goto("/refcodes")
    page.locator("main").get_by_role("link", name="Link a wallet").click()
    host = session.portal.url.split("//")[1]
    expect(page.locator("[data-wallet]")).to_contain_text(host)
    session.start()
    expect(page.get_by_text("The wallet is linked.").first).to_be_visible()
    assert wallet.signed[0].startswith(
        f"{host} wants you to sign in with your Ethereum account:\n{wallet.address}\n"
    )
    card = page.locator(f"#wallet-{wallet.address}")
    link = card.get_by_label("Share link").input_value()
    assert re.fullmatch(rf"{re.escape(session.portal.url)}\?ref=\w{{8}}", link)
    card.get_by_role("button", name="Copy link").click()
    assert page.evaluate("navigator.clipboard.readText()") == link
    expect(card.locator("[data-status=active]")).to_be_visible()

    card.get_by_text("Unlink", exact=True).click()
    expect(card.get_by_text("Earlier rewards are still sent")).to_be_visible()
    card.get_by_role("button", name="Unlink this wallet").click()
    expect(page.get_by_text("The wallet is unlinked")).to_be_visible()
    expect(card).to_have_count(0)

    session.start()
    expect(card.get_by_label("Share link")).to_have_value(link)


def test_wallet_signs_in_and_returns(
    open_browser: Callable[[], WalletBrowser], portal: RunningPortal
) -> None:
    session = open_browser()
    wallet, page = session.install(), session.page
    page.goto("/uk/register?next=/uk/refcodes")
    session.start()
    page.wait_for_url(f"{portal.url}/uk/refcodes")
    expect(page.locator(".wallet-card")).to_have_count(1)
    page.goto("/en/")
    page.get_by_label("Your account").click()
    page.get_by_role("button", name="Sign out").click()
    page.goto("/en/login")
    session.start()
    page.wait_for_url(f"{portal.url}/en/")
    page.get_by_label("Your account").click()
    expect(page.locator(".menu-who")).to_have_text(f"{wallet.address[:6]}…{wallet.address[-4:]}")
    with psycopg2.connect(portal.description["databaseUrl"]) as database, database.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM wallets WHERE address = %s", [wallet.stored])
        assert cursor.fetchone() == (1,)


def test_wallet_errors_are_explained_and_can_be_retried(open_browser: Callable[[], WalletBrowser]) -> None:
    session = open_browser()
    wallet, page = session.install(), session.page
    page.goto("/login")
    for method, code, text in (
        ("eth_requestAccounts", 4001, "You declined in your wallet."),
        ("eth_requestAccounts", -32002, "Your wallet has an open request already."),
        ("personal_sign", 4001, "You declined in your wallet."),
        ("personal_sign", -32603, "The wallet did not return a signature."),
    ):
        wallet.codes = {method: code}
        session.start()
        session.expect_status(text)
        expect(page.locator("[data-wallet-preview]")).to_be_hidden()
        expect(page.locator("[data-wallet-start]")).to_be_focused()
    wallet.codes, wallet.chain_id = {"wallet_switchEthereumChain": 4902}, 1
    session.start()
    session.expect_status("Your wallet is on another network.")
    wallet.codes = {}
    session.start()
    page.wait_for_url(f"{session.portal.url}/")
    assert wallet.chain_id == session.portal.description["chainId"]


def test_late_signature_and_lost_network_are_explained(
    open_browser: Callable[[], WalletBrowser], portal: RunningPortal
) -> None:
    session = open_browser()
    wallet, page = session.install(), session.page
    page.goto("/login")
    sign = wallet.sign_bytes

    def sign_late(raw: bytes) -> str:
        with psycopg2.connect(portal.description["databaseUrl"]) as database, database.cursor() as cursor:
            cursor.execute(
                "UPDATE wallet_challenges SET created_at = created_at - interval '1 hour',"
                " expires_at = now() - interval '1 second' WHERE address = %s",
                [wallet.stored],
            )
        return sign(raw)

    wallet.sign_bytes = sign_late  # type: ignore[method-assign]
    session.start()
    session.expect_status("message has expired")
    page.route("**/api/auth/wallet/challenge", lambda route: route.abort())
    session.start()
    session.expect_status("The portal cannot be reached.")


def test_approval_on_chain_can_be_checked_again(
    open_browser: Callable[[], WalletBrowser], portal: RunningPortal
) -> None:
    session = open_browser()
    wallet, page = session.install(), session.page
    described = portal.description
    chain = LocalChain(described["rpcUrl"], described["rewardsAddress"], described["tokenAddress"])
    owners = [TestWallet().stored for _ in range(2)]
    wallet.stored = deploy_wallet(chain, "ApprovalWallet", ["address[]", "uint256"], [owners, 2])
    wallet.sign_bytes = lambda _raw: "0x"  # type: ignore[method-assign]
    page.goto("/login")
    session.start()
    session.expect_status("The wallet has not approved this message yet.")
    assert not violations(page)
    page.reload()
    page.get_by_role("button", name="Check again").click()
    session.expect_status("The wallet has not approved this message yet.")
    # The owners take longer than the wallet waits for them.
    wallet.code, wallet.codes = "0x6001", {"personal_sign": -32603}
    session.start()
    session.expect_status("The wallet did not return a signature.")
    with psycopg2.connect(described["databaseUrl"]) as database, database.cursor() as cursor:
        cursor.execute("SELECT message FROM wallet_challenges ORDER BY id DESC LIMIT 1")
        (message,) = cursor.fetchone() or ("",)
    call_wallet(chain, wallet.stored, "signMessage(bytes32)", personal_hash(message))
    page.get_by_role("button", name="Check again").click()
    page.wait_for_url(f"{portal.url}/")
    page.goto("/account/wallets")
    expect(page.locator(f"#wallet-{checksum(wallet.stored)}")).to_be_visible()
    expect(page.get_by_role("button", name="Check again")).to_be_hidden()


def test_message_of_another_site_is_not_sent_to_the_wallet(open_browser: Callable[[], WalletBrowser]) -> None:
    session = open_browser()
    wallet, page = session.install(), session.page
    page.goto("/login")
    forged = '{"message": "evil.example wants you to sign in with your Ethereum account:\\n0x"}'
    page.route(
        "**/api/auth/wallet/challenge",
        lambda route: route.fulfill(status=200, content_type="application/json", body=forged),
    )
    session.start()
    session.expect_status("this page has another address")
    assert "personal_sign" not in wallet.requests


def test_no_wallet_legacy_wallet_and_several_wallets(open_browser: Callable[[], WalletBrowser]) -> None:
    session = open_browser()
    session.page.goto("/login")
    session.start()
    session.expect_status("No wallet was found in this browser.")

    old = open_browser()
    wallet = old.install("legacy")
    old.page.goto("/login")
    old.start()
    old.page.wait_for_url(f"{old.portal.url}/")
    assert len(wallet.signed) == 1

    many = open_browser()
    first, second = many.install("First Wallet"), many.install("Second Wallet")
    many.page.goto("/login")
    many.start()
    many.expect_status("Choose a wallet")
    expect(many.page.get_by_role("button", name="First Wallet")).to_be_focused()
    many.page.get_by_role("button", name="Second Wallet").click()
    many.page.wait_for_url(f"{many.portal.url}/")
    assert (len(first.signed), len(second.signed)) == (0, 1)


def test_without_scripts_linking_is_explained_and_unlinking_works(
    browser: Browser, open_browser: Callable[[], WalletBrowser]
) -> None:
    session = open_browser()
    wallet = session.install()
    session.register("Nora")
    session.page.goto("/account/wallets")
    session.start()
    expect(session.page.locator(f"#wallet-{wallet.address}")).to_be_visible()
    plain = browser.new_context(
        base_url=session.portal.url, java_script_enabled=False, storage_state=session.context.storage_state()
    )
    page = plain.new_page()
    page.goto("/account/wallets")
    # Chromium shows <noscript> only where scripts are off for good, not where a driver holds them back.
    assert "<noscript><p" in page.request.get("/account/wallets").text()
    expect(page.locator("[data-wallet-start]")).to_be_hidden()
    page.get_by_text("Unlink", exact=True).click()
    page.get_by_role("button", name="Unlink this wallet").click()
    expect(page.get_by_text("The wallet is unlinked")).to_be_visible()
    plain.close()


def test_pages_are_accessible_after_a_refusal(open_browser: Callable[[], WalletBrowser]) -> None:
    session = open_browser()
    first, _second = session.install("First Wallet"), session.install("Second Wallet")
    page = session.page
    page.goto("/uk/login")
    assert not problems(page)
    session.start()
    assert not problems(page)
    first.codes = {"eth_requestAccounts": 4001}
    page.get_by_role("button", name="First Wallet").click()
    expect(page.locator("[data-wallet-status].field-error")).to_be_visible()
    assert not problems(page)
    first.codes = {}
    page.get_by_role("button", name="First Wallet").click()
    page.wait_for_url(f"{session.portal.url}/uk/")
    page.goto("/uk/account/wallets")
    page.locator(f"#wallet-{first.address} summary").click()
    assert not problems(page)
    page.set_viewport_size({"width": 360, "height": 740})
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def problems(page: Page) -> list[str]:
    """Return what axe finds in both themes."""
    show_theme(page, "light")
    light = violations(page, "best-practice")
    show_theme(page, "dark")
    return light + appearance_violations(page)


def test_wallet_confirms_a_sensitive_action_and_the_form_is_sent(
    open_browser: Callable[[], WalletBrowser], portal: RunningPortal
) -> None:
    session = open_browser()
    wallet, page = session.install(), session.page
    session.register("Svitlana")
    page.goto("/account/wallets")
    session.start()
    expect(page.get_by_text("The wallet is linked.").first).to_be_visible()
    page.goto("/account/security/second-factor")
    page.get_by_role("button", name="Set it up").click()
    page.locator("#code").fill(pyotp.TOTP(page.locator("#secret").input_value()).now())
    page.get_by_role("button", name="Turn it on").click()
    expect(page.locator(".recovery-codes li")).to_have_count(10)
    with psycopg2.connect(portal.description["databaseUrl"]) as database, database.cursor() as cursor:
        cursor.execute("UPDATE user_sessions SET confirmed_at = confirmed_at - interval '1 hour'")

    page.goto("/account/wallets")
    session.start()  # a script is turned away: it leads to the page that asks, and back here
    page.wait_for_url("**/account/confirm?next=**")
    page.goto("/account/wallets")
    page.locator(f"#wallet-{wallet.address}").get_by_text("Unlink", exact=True).click()
    page.get_by_role("button", name="Unlink this wallet").click()
    expect(page.get_by_role("heading", name="Confirm that it is you")).to_be_visible()
    page.get_by_role("button", name="Confirm with a wallet").click()
    expect(page.get_by_role("heading", name="Thank you. Continue?")).to_be_visible()
    assert "Confirm that this is me." in wallet.signed[-1]
    page.get_by_role("button", name="Submit").click()
    expect(page.get_by_text("The wallet is unlinked")).to_be_visible()
