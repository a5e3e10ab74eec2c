"""A new production installation in a browser, from its first admin to the payout on chain and the erasure.

By commands before the first start, then by clicks alone: no SQL, and no request that a page does not send.
"""

from __future__ import annotations

import urllib.request
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs

import pyotp
import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, Route, expect

from portal.app import create_app
from portal.chain.contract.abi import encode_call
from portal.db import bind_database
from portal.db.checks import run_checks
from portal.payments.providers.wayforpay.purchase import verify_purchase
from portal.settings import WAYFORPAY_PAY_URL, Settings
from tests.browser.conftest import collect_problems
from tests.browser.wallets import PROVIDER, BrowserWallet
from tests.support.chains import LocalChain
from tests.support.databases import close_database
from tests.support.fresh_installation import (
    CHAIN_ID,
    address_of,
    deploy_contract,
    deploy_token,
    empty_database,
    mined_chain,
    new_key,
    provider_callback,
    run,
)
from tests.support.pictures import picture_file
from tests.support.production import (
    MERCHANT_SECRET,
    ProductionPortal,
    production_portal,
    production_settings,
)
from tests.support.refusing_token import deploy_refusing_token
from tests.support.wallets import TestWallet

PASSWORD, DOLLARS = "a long test password", 10**6
RELOADS = 60


class Provider:
    """The payment provider: its page, and what it reports of a payment that was made there."""

    def __init__(self, portal: ProductionPortal) -> None:
        self.portal = portal

    def show(self, route: Route) -> None:
        """Check the form's signature, report the payment, and offer the way back, which is a POST."""
        fields = parse_qs(route.request.post_data or "", keep_blank_values=True)
        verify_purchase(MERCHANT_SECRET, fields)
        body = provider_callback({name: values[0] for name, values in fields.items()}, "Approved")
        request = urllib.request.Request(f"{self.portal.url}/api/payments/wayforpay/webhook", body)
        with urllib.request.urlopen(request, timeout=30, context=self.portal.tls) as answer:
            assert b"accept" in answer.read()
        form = f'<form method="post" action="{fields["returnUrl"][0]}"><button>Return to the shop</button></form>'
        route.fulfill(content_type="text/html", body=f"<!doctype html><title>Card</title><main>{form}</main>")


class Person:
    """A browser context of one person, who clicks and types."""

    def __init__(self, context: BrowserContext, name: str) -> None:
        self.name, self.email = name, f"{name.lower()}@shop.example"
        self.page: Page = context.new_page()

    @property
    def main(self) -> Locator:
        return self.page.locator("main")

    def register(self) -> None:
        self.page.goto("/register")
        self.fill(name=self.name, email=self.email, password=PASSWORD)
        self.press("Create account")
        self.reads(f"Welcome, {self.name}.")

    def sign_in(self) -> None:
        self.page.goto("/login")
        self.fill(email=self.email, password=PASSWORD)
        self.press("Sign in")

    def turn_second_factor_on(self) -> None:
        """Do what a new admin is asked for after signing in."""
        self.reads("Admins must use two-factor authentication. Turn it on to continue.")
        self.press("Set it up")
        secret = self.page.locator("#secret").input_value()
        self.fill(code=pyotp.TOTP(secret).now())
        self.press("Turn it on")
        self.follow("I have saved them")

    def fill(self, **values: str) -> None:
        for name, value in values.items():
            self.main.locator(f"#{name}").fill(value)

    def press(self, name: str) -> None:
        self.main.get_by_role("button", name=name).first.click()

    def follow(self, name: str) -> None:
        self.main.get_by_role("link", name=name).first.click()

    def menu(self, *labels: str) -> None:
        """Open a page by the navigation: an entry, or a group and an entry of it."""
        bar = self.page.locator("#site-nav")
        for group in labels[:-1]:
            bar.locator("summary", has_text=group).click()
        bar.get_by_role("link", name=labels[-1]).click()

    def reads(self, *texts: str) -> None:
        for text in texts:
            expect(self.main).to_contain_text(text)


@pytest.fixture
def installation(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[tuple[ProductionPortal, LocalChain, str]]:
    """Install by the documented commands, start, and yield the portal, its chain and the token of payouts."""
    with empty_database() as database, mined_chain(tmp_path / "chain") as node:
        chain = LocalChain(node, "", "", CHAIN_ID)
        deployer, minter, treasurer = (new_key(node) for _ in range(3))
        token = deploy_token(node, deployer)
        dollars = deploy_refusing_token(chain, address_of(deployer), 1_000 * DOLLARS)
        environment = {
            "POLYGON_RPC_URL": node,
            "REFERRAL_CHAIN_ID": str(CHAIN_ID),
            "REFERRAL_TIP_GWEI": "1",
            "REFERRAL_MINTER_PRIVATE_KEY": minter,
            "REFERRAL_SECOND_APPROVAL_USD": "0.50",
            "CREDIT_SECOND_APPROVAL_USD": "0",
            "SETTLEMENT_PAYOUT_PRIVATE_KEY": treasurer,
            "SETTLEMENT_PAYOUT_TOKEN_ADDRESS": dollars,
        }

        def commands() -> Settings:
            values = {**production_settings("https://localhost", database), **environment}
            return Settings(_env_file=None, **{name.lower(): value for name, value in values.items()})

        monkeypatch.setenv("DEPLOYER_PRIVATE_KEY", deployer)
        bare = create_app(commands())
        run(bare, "db", "migrate")
        environment["REFERRAL_REWARDS_ADDRESS"] = deploy_contract(
            bare, tmp_path, "--token", token, "--operator", address_of(minter)
        )
        environment["SETTLEMENT_PAYOUT_CONTRACT_ADDRESS"] = deploy_contract(bare, tmp_path, "--payouts")
        environment["SETTLEMENT_PAYOUT_MODE"] = "onchain"
        app = create_app(commands())
        run(app, "chain", "grant-minter")
        run(app, "chain", "fund", "1000")
        run(app, "user", "create", "ada@shop.example", "--admin", "--password-stdin", typed=f"{PASSWORD}\n")
        close_database()
        monkeypatch.delenv("DEPLOYER_PRIVATE_KEY")
        with production_portal(tmp_path / "portal", database, **environment) as portal:
            yield portal, chain, dollars
        close_database()


@dataclass(frozen=True)
class Case:
    """The people of the case, each with a browser of their own."""

    ada: Person
    boris: Person
    vira: Person
    rita: Person
    roman: Person
    bohdan: Person

    def begin(self) -> None:
        """Find the checklist, give the portal a name and rules, and make a second admin."""
        ada, boris = self.ada, self.boris
        ada.sign_in()
        ada.turn_second_factor_on()
        ada.reads("Set-up until your first sale", "Create a vendor", "Add a second admin")
        ada.follow("Give the portal your name")
        ada.fill(brand_name="Tea House")
        ada.main.get_by_label("Admins approve new referrers").check()
        ada.press("Save the settings")
        ada.reads("The settings are saved.")
        ada.menu("Programme")
        ada.page.locator(".section-nav").get_by_role("link", name="Terms").click()
        ada.fill(text_en="Share honestly.")
        ada.press("Save the version")
        boris.register()
        ada.menu("Home")
        ada.follow("Add a second admin")
        ada.follow("Boris")
        ada.main.get_by_label("Role").select_option("admin")
        ada.press("Save the role")
        boris.sign_in()
        boris.turn_second_factor_on()

    def open_shop(self, payout_wallet: str) -> None:
        """Create a vendor with a wallet, and the vendor's product with a picture."""
        ada, vira = self.ada, self.vira
        vira.register()
        ada.menu("Home")
        ada.follow("Create a vendor")
        ada.fill(name="Kettles", owner=vira.email)
        ada.press("Create the vendor")
        ada.follow("Change terms and payout wallet")
        ada.fill(payout_wallet=payout_wallet)
        ada.press("Save")
        vira.sign_in()
        vira.menu("Products")
        vira.follow("New product")
        vira.fill(name="Kettle", price="499.00", stock="5")
        vira.press("Create and put on sale")
        picture = {"name": "kettle.jpg", "mimeType": "image/jpeg", "buffer": picture_file()}
        vira.main.locator("#picture").set_input_files(picture)
        vira.fill(alt_en="A red kettle")
        vira.press("Save the picture")
        expect(vira.main.get_by_alt_text("A red kettle").first).to_be_visible()

    def join(self) -> str:
        """Accept the terms, link a wallet, apply and be approved; return the share link."""
        ada, rita = self.ada, self.rita
        rita.register()
        rita.menu("Referrals")
        rita.main.get_by_label("I have read the terms and accept them").check()
        rita.press("Accept the terms")
        rita.page.locator("[data-wallet-start]").click()
        rita.reads("The wallet is linked.")
        rita.fill(note="I write about tea.")
        rita.press("Send the application")
        ada.menu("Home")
        ada.follow("Referrer applications")
        ada.reads("I write about tea.")
        ada.press("Approve")
        ada.reads("The application is approved, and the applicant was notified.")
        rita.menu("Referrals")
        return rita.main.get_by_label("Share link").first.input_value()

    def buy(self, buyer: Person, link: str, way: str) -> str:
        """Arrive by the share link, register, order the kettle, pay in a way and return the order's reference."""
        buyer.page.goto(link)
        buyer.register()
        if way == "credit":
            self._give_credit(buyer)
        buyer.menu("Store")
        buyer.follow("Kettle")
        buyer.press("Add to cart")
        buyer.follow("Go to checkout")
        buyer.reads("Rita", "Your price stays the same.")
        buyer.main.locator(f"input[value={way}]").check()
        buyer.press("Pay 499.00")
        if way == "wayforpay":
            buyer.press("Return to the shop")
        buyer.reads("Paid. Thank you!", "Referral code credited:")
        return buyer.page.url.rsplit("/", 1)[1]

    def _give_credit(self, buyer: Person) -> None:
        self.ada.menu("People", "People")
        self.ada.follow(buyer.name)
        self.ada.follow("Credit")
        self.ada.fill(amount="500.00", reason="A gift card")
        self.ada.press("Add credit")
        self.ada.reads("The credit is added.")

    def refund(self, reference: str) -> None:
        """Propose a refund, which the second admin confirms."""
        self.ada.menu("Orders")
        self.ada.follow(reference)
        self.ada.follow("Audit")
        self.ada.fill(reason="A broken kettle")
        self.ada.press("Refund the buyer")
        self.ada.reads("A second admin has to confirm")
        self.boris.menu("Home")
        self.boris.follow("Waiting for a second admin")
        self.boris.reads("A broken kettle")
        self.boris.press("Confirm")
        self.boris.reads("Confirmed and carried out.")
        self.boris.menu("Audit", "Audit")
        self.boris.fill(orderReference=reference)
        self.boris.press("Search")
        self.boris.reads("No differences found.", "Refunded")

    def pay_at_once(self) -> None:
        """Let sales of the vendor be paid on the day, without a delay."""
        self.ada.menu("People", "Vendors")
        self.ada.follow("Kettles")
        self.ada.follow("Change terms and payout wallet")
        self.ada.fill(hold_days="0")
        self.ada.main.get_by_label("Payout schedule").select_option("INSTANT")
        self.ada.press("Save")
        self.ada.reads("The terms are saved.")

    def approve(self, reference: str) -> None:
        """Approve a reward above the limit by two admins, and wait for its payment on chain."""
        for admin, verb, result in (
            (self.ada, "Approve", "second admin"),
            (self.boris, "Confirm", "Approved"),
        ):
            admin.menu("Rewards")
            admin.press(f"{verb} {reference}")
            expect(admin.main.locator("tr[data-row]")).to_contain_text(result)
        self.rita.menu("Referrals")
        self._reload_until(self.rita, "#history [data-status=minted]")
        self.rita.page.locator("#history summary").first.click()
        self.rita.follow("Check my payment on the chain")
        self.rita.reads("Open the public page of this payment")

    def be_paid(self) -> None:
        """Wait until the vendor's money is on the way and final."""
        self.vira.menu("Earnings")
        self._reload_until(self.vira, "[data-status=completed]")
        self.vira.reads("374.25", "Cancelled")

    def leave(self, person: Person) -> None:
        """Download what is stored, ask for the erasure, and have an admin confirm it."""
        person.page.get_by_label("Your account").click()
        person.page.get_by_role("link", name="Security").click()
        person.follow("Download what is stored about you")
        with person.page.expect_download() as download:
            person.press("Download your data")
        with zipfile.ZipFile(download.value.path()) as files:
            assert any(person.email.encode() in files.read(name) for name in files.namelist())
        person.press("Request erasure")
        person.reads("You requested erasure:")
        self.ada.menu("Home")
        self.ada.follow("Accounts to erase")
        self.ada.follow(person.name)
        self.ada.main.get_by_label("I understand that this cannot be undone").check()
        self.ada.press("Erase the personal data")
        self.ada.reads("The personal data was erased:")

    def _reload_until(self, person: Person, selector: str) -> None:
        for _try in range(RELOADS):
            if person.main.locator(selector).count():
                return
            person.page.wait_for_timeout(1_000)
            person.page.reload()
        raise AssertionError(f"{selector} is not in: {person.main.inner_text()}")


def balance(chain: LocalChain, token: str, account: str) -> int:
    """Return what an account has of a token, in base units."""
    data = "0x" + encode_call("balanceOf(address)", account).hex()
    return int(chain.call("eth_call", {"to": token, "data": data}, "latest"), 16)


def test_whole_case(browser: Browser, installation: tuple[ProductionPortal, LocalChain, str]) -> None:
    portal, chain, dollars = installation
    problems: list[str] = []
    provider, wallet, contexts = Provider(portal), BrowserWallet(CHAIN_ID), []

    def arrive(name: str) -> Person:
        context = browser.new_context(base_url=portal.url, ignore_https_errors=True, locale="en-GB")
        contexts.append(context)
        collect_problems(context, problems)
        context.route(f"{WAYFORPAY_PAY_URL}**", provider.show)
        context.expose_function("walletRequest", lambda _name, method, params: wallet.answer(method, params))
        context.add_init_script(PROVIDER.replace("NAME", "'Test Wallet'"))
        return Person(context, name)

    case = Case(*(arrive(name) for name in ("Ada", "Boris", "Vira", "Rita", "Roman", "Bohdan")))
    payout_wallet = TestWallet()
    case.begin()
    case.open_shop(payout_wallet.address)
    link = case.join()
    refunded = case.buy(case.roman, link, "credit")
    case.refund(refunded)
    case.pay_at_once()
    paid = case.buy(case.bohdan, link, "wayforpay")
    case.approve(paid)
    case.be_paid()
    # 499.00 UAH without 20 % for the platform and 5 % for the referral, at 40 UAH per dollar.
    assert balance(chain, dollars, payout_wallet.address) == 9_356_250
    case.leave(case.bohdan)
    for context in contexts:
        context.close()
    bind_database(portal.database_url)
    assert run_checks() == {}
    assert problems == []
    assert "Traceback" not in portal.log.read_text()
