"""Addresses are EIP-55 in JSON, exported files, pages and the audit proof."""

from __future__ import annotations

import io
from dataclasses import dataclass

import pytest
from flask import Flask
from openpyxl import load_workbook

from models import (
    MerchantConfig,
    Order,
    Payout,
    PayoutBatch,
    Refcode,
    ReferralReward,
    StoreOrder,
    User,
    Vendor,
)
from portal.codes import set_alias
from portal.db import SYSTEM, record_event
from tests.factories import make_code, make_order, make_payment, make_reward, make_settlement, make_wallet
from tests.support.addresses import addresses_in, not_checksummed
from tests.support.wallets import TestWallet
from tests.web.conftest import MakeApp, visitor
from tests.web.visitor import Visitor

WALLET, TOKEN, PAYOUT_WALLET = "0x" + "ab" * 20, "0x" + "cd" * 20, "0x" + "ef" * 20

# These end the session or mint.
ENDING = {"/logout", "/api/cron/refcodes-mint"}


@dataclass
class Ledgers:
    """A paid order with a reward and a payout, each with lower-case addresses in the database."""

    reference: str
    code: Refcode


@pytest.fixture
def ledgers(owner: User, other: User, seller: User) -> Ledgers:
    code = make_code(other, wallet=make_wallet(other, WALLET))
    order = make_order(owner, code=code, paid=True)
    make_payment(order, "paid")
    vendor = Vendor.get(Vendor.user == seller.id)
    MerchantConfig.update(payout_wallet=PAYOUT_WALLET).where(MerchantConfig.vendor == vendor.id).execute()
    make_settlement(vendor, order_reference=order.order_reference)
    make_reward(code, order_reference=order.order_reference, reward_token=TOKEN, chain_id=137)
    record_event(SYSTEM, "user", other.id, "wallet_linked", data={"address": WALLET, "known": [TOKEN]})
    batch = PayoutBatch.insert(mode="onchain", status="completed", totals={}).execute()
    Payout.insert(
        batch=batch, vendor=vendor.id, currency="UAH", reserve_percent=0, status="completed", net_minor=100,
        reserve_minor=0, released_minor=0, amount_minor=100, transaction_id="0x" + "12" * 32,
        payout_wallet=PAYOUT_WALLET, token_address=TOKEN, token_decimals=6, amount_wei=1, chain_id=137,
        units_per_usd=40, rate_source="setting",
    ).execute()  # fmt: skip
    return Ledgers(order.order_reference, code)


def assert_checksummed(text: str, at_least: int = 1) -> None:
    assert len(addresses_in(text)) >= at_least, text[:500]
    assert not not_checksummed(text)


@pytest.mark.usefixtures("ledgers")
def test_api_answers_are_checksummed(as_admin: Visitor, as_other: Visitor) -> None:
    assert_checksummed(as_admin.get("/api/admin/rewards").text, 2)
    assert_checksummed(as_other.get("/api/refcodes").text, 2)
    reward = ReferralReward.get()
    assert_checksummed(as_admin.send(f"/api/admin/rewards/{reward.id}/approve", {}).text, 2)
    assert_checksummed(as_admin.get("/openapi.json").text)


@pytest.mark.usefixtures("ledgers")
@pytest.mark.parametrize(
    ("address", "reader", "count"),
    [
        ("/admin/refcodes", "admin", 2),
        ("/admin/ledgers/rewards", "admin", 2),
        ("/refcodes", "other", 2),
        ("/admin/store/commissions/batches", "admin", 2),
        ("/vendor/earnings/payouts", "seller", 2),
        ("/admin/events", "admin", 2),
    ],
)
def test_ledger_files_are_checksummed(
    app: Flask, request: pytest.FixtureRequest, address: str, reader: str, count: int
) -> None:
    browser = visitor(app, request.getfixturevalue(reader))
    assert_checksummed(browser.get(f"{address}.csv").text, count)
    with browser.get(f"{address}.xlsx") as answer:
        sheet = load_workbook(io.BytesIO(answer.data)).active
    assert sheet is not None
    assert_checksummed(" ".join(str(cell.value) for row in sheet.iter_rows() for cell in row), count)


def test_proof_is_checksummed(as_admin: Visitor, ledgers: Ledgers) -> None:
    proof = as_admin.get("/admin/audit/proof.json", query_string={"orderReference": ledgers.reference})
    assert_checksummed(proof.text, 2)


def test_pages_are_checksummed(
    make_app: MakeApp,
    admin: User,
    as_admin: Visitor,
    as_other: Visitor,
    as_seller: Visitor,
    ledgers: Ledgers,
) -> None:
    vendor = Vendor.get()
    configured = visitor(make_app(referral_reward_token_address=TOKEN), admin)
    for browser, address in (
        (as_admin, "/admin/refcodes"),
        (as_admin, "/admin/events"),
        (configured, "/admin/settings"),
        (as_admin, f"/admin/audit?orderReference={ledgers.reference}"),
        (as_admin, f"/admin/refcodes/codes/{ledgers.code.code}"),
        (as_other, "/refcodes"),
        (as_other, "/account/wallets"),
        (as_seller, "/vendor/earnings"),
    ):
        assert_checksummed(browser.get(address).text)
    assert_checksummed(as_admin.get(f"/admin/store/commissions/vendors/{vendor.id}").text)


@pytest.mark.usefixtures("ledgers")
@pytest.mark.parametrize("reader", ["admin", "other", "seller"])
def test_no_answer_has_another_form(app: Flask, request: pytest.FixtureRequest, reader: str) -> None:
    browser = visitor(app, request.getfixturevalue(reader))
    paths = {
        rule.rule for rule in app.url_map.iter_rules() if "GET" in (rule.methods or ()) and not rule.arguments
    }
    for path in sorted(paths - ENDING):
        assert not not_checksummed(browser.get(path).text), path


def test_answers_about_a_wallet_are_checksummed(as_other: Visitor) -> None:
    wallet = TestWallet()
    challenge = as_other.send("/api/account/wallets/challenge", {"address": wallet.stored})
    message = challenge.get_json()["message"]
    assert_checksummed(message)
    proof = {"address": wallet.stored, "signature": wallet.sign(message)}
    assert_checksummed(as_other.send("/api/account/wallets", proof).text)
    assert_checksummed(as_other.send(f"/api/account/wallets/{wallet.stored}", method="DELETE").text)


MISTYPED = "0xD8dA6BF26964aF9D7eEd9e03E53415D37aA96045"


@pytest.mark.parametrize("page", ["/admin/people?q=", "/admin/referrers?q=", "/admin/refcodes?wallet="])
@pytest.mark.parametrize(
    ("typed", "says"),
    [
        (MISTYPED, "its checksum (EIP-55) is wrong"),
        (MISTYPED[:-1], "0x and 40 hex digits"),
        (f"{MISTYPED[:6]}…{MISTYPED[-4:]}", "0x and 40 hex digits"),
    ],
    ids=["checksum", "short", "shortened"],
)
def test_mistyped_address_is_an_error_of_the_filter(
    as_admin: Visitor, ledgers: Ledgers, page: str, typed: str, says: str
) -> None:
    shown = as_admin.get(f"{page}{typed}")
    assert 'id="error-summary"' in shown.text
    assert says in shown.text
    path, _mark, name = page.removesuffix("=").partition("?")
    assert as_admin.get(f"{path}.csv?{name}={typed}").status_code == 422


def test_filters_read_an_alias_and_the_number_of_a_store(as_admin: Visitor, ledgers: Ledgers) -> None:
    set_alias(ledgers.code.code, "ANNA-SHOP", SYSTEM, "Ring")
    order = Order.get(Order.order_reference == ledgers.reference)
    StoreOrder.insert(
        order=order.id, store=order.store_id, number="1042", external_id="9", version=1, snapshot={}, snapshot_sha256=""
    ).execute()  # fmt: skip
    for address in (
        "/admin/refcodes?code=ANNA-SHOP",
        "/admin/orders?code=ANNA-SHOP",
        "/admin/refcodes?orderReference=1042",
        "/admin/store/commissions?orderReference=1042",
    ):
        assert ledgers.reference in as_admin.get(address).text, address
    wrong_case = as_admin.get(f"/admin/refcodes?code={ledgers.code.code.swapcase()}").text
    assert "codes are case-sensitive" in wrong_case
