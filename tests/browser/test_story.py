"""Purchases through a share link in a browser: a paid order, settlements, and tokens on chain."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from typing import Any

import psycopg2
import pytest
from playwright.sync_api import Page, expect
from web3 import Web3

from tests.support.portals import RunningPortal

ERC20 = [
    {
        "type": "function",
        "name": "balanceOf",
        "stateMutability": "view",
        "inputs": [{"name": "owner", "type": "address"}],
        "outputs": [{"name": "", "type": "uint256"}],
    }
]
PAID_ORDERS = [
    {
        "type": "function",
        "name": "paidOrders",
        "stateMutability": "view",
        "inputs": [{"name": "orderRef", "type": "bytes32"}],
        "outputs": [{"name": "", "type": "bool"}],
    }
]
MINT_SECONDS = 60


class World:
    """The database and the chain of the running portal."""

    def __init__(self, running: RunningPortal) -> None:
        self.dev = running.description
        self.web3 = Web3(Web3.HTTPProvider(self.dev["rpcUrl"]))
        self.database = psycopg2.connect(self.dev["databaseUrl"])
        self.database.autocommit = True

    def row(self, sql: str, *parameters: object) -> Any:
        with self.database.cursor() as cursor:
            cursor.execute(sql, parameters)
            return cursor.fetchone()

    def balance(self, wallet: str) -> int:
        token = self.web3.eth.contract(Web3.to_checksum_address(self.dev["tokenAddress"]), abi=ERC20)
        return int(token.functions.balanceOf(Web3.to_checksum_address(wallet)).call())

    def is_paid(self, reference: str) -> bool:
        rewards = self.web3.eth.contract(
            Web3.to_checksum_address(self.dev["rewardsAddress"]), abi=PAID_ORDERS
        )
        return bool(rewards.functions.paidOrders(Web3.keccak(text=reference)).call())

    def wait_for_status(self, reference: str, status: str) -> None:
        deadline = time.monotonic() + MINT_SECONDS
        while time.monotonic() < deadline:
            row = self.row("SELECT status FROM referral_rewards WHERE order_reference = %s", reference)
            if row and row[0] == status:
                return
            time.sleep(0.2)
        raise AssertionError(f"{reference} is {row}, not {status}")


@pytest.fixture
def world(portal: RunningPortal) -> Iterator[World]:
    opened = World(portal)
    yield opened
    opened.database.close()


def sign_in(page: Page, login: dict[str, str]) -> None:
    page.goto("/en/login")
    page.get_by_label("E-mail").fill(login["email"])
    page.get_by_label("Password").fill(login["password"])
    page.locator("main").get_by_role("button", name="Sign in").click()
    expect(page).not_to_have_url(re.compile("/login"))


def register(page: Page, name: str) -> None:
    page.goto("/register")
    page.get_by_label("Name").fill(name)
    page.get_by_label("E-mail").fill(f"{name}-{time.time_ns()}@demo.example")
    page.get_by_label("Password").fill("a-visitor-pass")
    page.locator("main").get_by_role("button", name="Create account").click()
    expect(page.get_by_text(f"Welcome, {name}.")).to_be_visible()


def fill_cart(page: Page) -> None:
    """Add one product of each vendor to the cart."""
    for product in ("Mountain tea, 100 g", "Illustrated city map"):
        page.goto("/")
        page.get_by_role("button", name=f"Add to cart: {product}").click()
        expect(page.get_by_role("heading", name="Cart", exact=True)).to_be_visible()


def reference_of(page: Page) -> str:
    expect(page.get_by_role("heading", name="Paid. Thank you!")).to_be_visible(timeout=15_000)
    return page.url.rsplit("/", 1)[1]


def test_purchase_through_a_share_link_mints_a_reward(world: World, visitor: Callable[[], Page]) -> None:
    # The referrer copies a share link.
    referrer = visitor()
    sign_in(referrer, world.dev["logins"]["referrer"])
    referrer.goto("/refcodes")
    # The referrer may have codes of connected stores as well.
    code = world.dev["referralLink"].partition("?ref=")[2]
    link = referrer.locator(f"#link-{code}").input_value()
    wallet, visits_before = world.row(
        "SELECT wallet_address, visits_total FROM refcodes WHERE code = %s", code
    )

    # A new visitor opens it: both cookies, and one arrival counted, not one page view.
    buyer = visitor()
    with buyer.expect_response("**/api/refcodes/track") as tracked:
        buyer.goto(link)
    assert tracked.value.status == 200
    cookies = {cookie["name"]: cookie for cookie in buyer.context.cookies()}
    assert cookies["ring_ref"]["value"] == cookies["ring_ref_visible"]["value"] == code
    assert (cookies["ring_ref"]["httpOnly"], cookies["ring_ref_visible"]["httpOnly"]) == (True, False)
    buyer.goto("/products/clay-teapot")
    buyer.wait_for_load_state("networkidle")
    assert world.row("SELECT visits_total FROM refcodes WHERE code = %s", code)[0] == visits_before + 1

    # The visitor registers, fills the cart with two sellers' products and sees the badge.
    register(buyer, "Ann")
    fill_cart(buyer)
    buyer.get_by_role("link", name="Go to checkout").click()
    expect(buyer.locator("#referral")).to_contain_text(code)
    expect(buyer.locator("#referral")).to_contain_text("Your price stays the same.")

    # Card payment on the provider's stand-in, and back to the processing page.
    buyer.get_by_role("button", name=re.compile("^Pay ")).click()
    expect(buyer.get_by_text("Development simulator")).to_be_visible()
    buyer.get_by_role("button", name="Pay", exact=True).click()
    reference = reference_of(buyer)
    expect(buyer.locator("main").get_by_text("Referral code credited:")).to_be_visible()

    # One signed callback has written both ledgers under one reference.
    assert world.row("SELECT status FROM orders WHERE order_reference = %s", reference) == ("paid",)
    assert world.row("SELECT count(*) FROM settlements WHERE order_reference = %s", reference) == (2,)
    assert world.row("SELECT count(*) FROM erp_sales_assists WHERE order_reference = %s", reference) == (2,)
    status, wei = world.row(
        "SELECT status, reward_amount_wei FROM referral_rewards WHERE order_reference = %s", reference
    )
    assert status == "pending_approval"
    balance_before = world.balance(wallet)

    # The admin approves the row in place; the job mints it through the contract.
    admin = visitor()
    sign_in(admin, world.dev["logins"]["admin"])
    admin.goto("/admin/refcodes")
    row = admin.locator("tr", has_text=reference)
    row.get_by_role("button", name=f"Approve {reference}").click()
    expect(row.locator("[data-status]")).to_be_visible()
    assert "/admin/refcodes" in admin.url
    world.wait_for_status(reference, "minted")
    expect(row.locator("[data-status=minted]")).to_be_visible(timeout=15_000)

    # The chain agrees to the last unit.
    assert world.is_paid(reference)
    assert world.balance(wallet) - balance_before == int(wei)
    tx_hash = world.row("SELECT tx_hash FROM referral_rewards WHERE order_reference = %s", reference)[0]
    assert world.web3.eth.get_transaction_receipt(tx_hash)["status"] == 1

    # The referrer sees the reward and a notification; the admin sees the breakdowns and the audit page.
    referrer.goto("/refcodes")
    expect(referrer.locator("#rewards [data-status=minted]").first).to_be_visible()
    referrer.goto("/notifications")
    expect(referrer.locator("[data-kind=referral_reward_minted]").first).to_be_visible()
    admin.goto(f"/admin/store/commissions?orderReference={reference}")
    expect(admin.locator("tr[id^=settlement-]")).to_have_count(2)
    admin.locator("summary", has_text="Breakdown").first.click()
    expect(admin.get_by_text("Referral commission").first).to_be_visible()
    admin.goto(f"/admin/audit?orderReference={reference}")
    expect(admin.get_by_text("No differences found.")).to_be_visible()
    expect(admin.get_by_text("The contract shows this reference as paid.")).to_be_visible()
    proof = admin.request.get(f"/admin/audit/proof.json?orderReference={reference}").json()
    assert proof["differences"] == []
    assert proof["referralPaid"] == {
        "txHash": tx_hash,
        "blockNumber": world.web3.eth.get_transaction_receipt(tx_hash)["blockNumber"],
        "refWallet": Web3.to_checksum_address(wallet),
        "amountWei": str(wei),
    }


def test_reward_of_a_credit_purchase_is_minted_without_an_admin(
    world: World, visitor: Callable[[], Page]
) -> None:
    page = visitor()
    page.goto(world.dev["referralLink"])
    sign_in(page, world.dev["logins"]["buyer"])
    fill_cart(page)
    page.goto("/checkout")
    page.get_by_label("Internal credit").check()
    page.get_by_role("button", name=re.compile("^Pay ")).click()
    expect(page.locator("main").get_by_text("Paid from your credit.")).to_be_visible()
    reference = reference_of(page)
    world.wait_for_status(reference, "minted")
    assert world.is_paid(reference)
    assert world.row("SELECT rail FROM referral_rewards WHERE order_reference = %s", reference) == ("crypto",)


def test_repeated_and_invalid_callbacks_pay_once(world: World, visitor: Callable[[], Page]) -> None:
    page = visitor()
    page.goto(world.dev["referralLink"])
    register(page, "Bob")
    fill_cart(page)
    page.goto("/checkout")
    page.get_by_role("button", name=re.compile("^Pay ")).click()
    page.get_by_text("Simulate problems").click()
    page.get_by_label("Number of callbacks").fill("3")
    for option in ('Then send a late "pending"', "forged signature", "wrong amount"):
        page.get_by_label(option).check()
    page.get_by_role("button", name="Pay", exact=True).click()
    reference = reference_of(page)
    assert world.row("SELECT count(*) FROM settlements WHERE order_reference = %s", reference) == (2,)
    outcomes = world.row(
        "SELECT array_agg(outcome || coalesce(':' || reason, '') ORDER BY id) FROM payment_events"
        " WHERE order_reference = %s",
        reference,
    )[0]
    assert outcomes == [
        "refused:wrong_amount",
        "refused:bad_signature",
        "applied",
        "duplicate",
        "duplicate",
        "applied",
    ]


def test_declined_payment_can_be_retried(world: World, visitor: Callable[[], Page]) -> None:
    page = visitor()
    register(page, "Cid")
    fill_cart(page)
    page.goto("/checkout")
    expect(page.locator("#referral")).to_contain_text("nobody is credited")
    page.get_by_role("button", name=re.compile("^Pay ")).click()
    page.get_by_role("button", name="Decline").click()
    expect(page.get_by_role("heading", name="The payment was declined")).to_be_visible(timeout=15_000)
    page.get_by_role("button", name="Pay now").click()
    page.get_by_role("button", name="Pay", exact=True).click()
    reference_of(page)


def test_declined_payment_shows_no_good_news(world: World, visitor: Callable[[], Page]) -> None:
    page = visitor()
    page.goto(world.dev["referralLink"])
    register(page, "Dora")
    fill_cart(page)
    page.goto("/checkout")
    page.get_by_role("button", name=re.compile("^Pay ")).click()
    page.get_by_role("button", name="Decline").click()
    expect(page.get_by_role("heading", name="The payment was declined")).to_be_visible(timeout=15_000)
    expect(page.locator("main").get_by_text("Credited once it is paid:")).to_be_visible()
    expect(page.locator("[data-read-flash]")).to_be_hidden()
    assert page.evaluate("sessionStorage.getItem('ring_flash')") is None
