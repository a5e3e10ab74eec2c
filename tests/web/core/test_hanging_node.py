"""A node that accepts connections and never answers holds no request for long, and is left alone afterwards."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from models import MerchantConfig, Order, User, Vendor
from portal.chain.node import limits
from portal.dev.anvil import OPERATOR_KEY
from tests.factories import (
    give_credit,
    make_code,
    make_order,
    make_reward,
    make_settlement,
    make_wallet,
)
from tests.support.hanging import HangingServer, hanging_server, watched_timeouts
from tests.support.wallets import TestWallet
from tests.web.account.proofs import run_concurrently
from tests.web.conftest import CRON_SECRET, MakeApp, visitor
from tests.web.visitor import Visitor, error_of

# A request waits this long for one call, and two and a half times as long for all of them.
SHORT = 0.3
# A request that mints sends several transactions: twice as long for a call, and eight such calls.
MINTING = (2 * SHORT, 8)
CONTRACT_SIGNATURE = "0x" + "11" * 200
ADDRESS = "0x" + "1" * 40


@dataclass
class Portal:
    """An application whose node hangs, and its people."""

    app: Flask
    node: HangingServer
    admin: User
    owner: User
    other: User
    seller: User

    def as_(self, user: User) -> Visitor:
        return visitor(self.app, user)


@pytest.fixture
def portal(make_app: MakeApp, admin: User, owner: User, other: User, seller: User) -> Iterator[Portal]:
    with hanging_server() as server:
        app = make_app(
            polygon_rpc_url=f"http://127.0.0.1:{server.port}",
            referral_rewards_address=ADDRESS,
            referral_price_feed_address="0x" + "2" * 40,
            referral_minter_private_key=OPERATOR_KEY,
            settlement_payout_mode="onchain",
            settlement_payout_private_key=OPERATOR_KEY,
            settlement_payout_token_address="0x" + "3" * 40,
        )
        app.config["NODE_CALL_SECONDS"] = SHORT
        yield Portal(app, server, admin, owner, other, seller)


def test_linking_a_contract_wallet_answers(portal: Portal) -> None:
    browser, wallet = portal.as_(portal.owner), TestWallet()
    answer = bounded(lambda: _prove(browser, "/api/account/wallets", wallet))
    assert (answer.status_code, error_of(answer)["code"]) == (503, "chain_away")
    assert int(answer.headers["Retry-After"]) > 0


def test_signing_in_with_a_contract_wallet_answers(portal: Portal) -> None:
    answer = bounded(lambda: _prove(visitor(portal.app), "/api/auth/wallet", TestWallet()))
    assert (answer.status_code, error_of(answer)["code"]) == (503, "chain_away")


def test_confirming_with_a_contract_wallet_answers(portal: Portal) -> None:
    browser, wallet = portal.as_(portal.owner), TestWallet()
    make_wallet(portal.owner, wallet.stored)
    answer = bounded(lambda: _prove(browser, "/api/account/confirm", wallet))
    assert (answer.status_code, error_of(answer)["code"]) == (503, "chain_away")


def _prove(browser: Visitor, url: str, wallet: TestWallet) -> TestResponse:
    assert browser.send(f"{url}/challenge", {"address": wallet.address}).status_code == 200
    return browser.send(url, {"address": wallet.address, "signature": CONTRACT_SIGNATURE})


def test_key_signs_in_without_the_node(portal: Portal) -> None:
    browser, wallet = visitor(portal.app), TestWallet()
    message = browser.send("/api/auth/wallet/challenge", {"address": wallet.address}).get_json()["message"]
    signature = wallet.sign(message)
    assert (
        browser.send("/api/auth/wallet", {"address": wallet.address, "signature": signature}).status_code
        == 201
    )


@pytest.mark.parametrize(
    "path",
    [
        "/admin/audit?orderReference={reference}",
        "/admin/audit/proof.json?orderReference={reference}",
        "/admin/refcodes",
        "/admin/refcodes/mint",
        "/admin/store/commissions/payouts",
        "/refcodes",
        "/api/refcodes",
        "/account/wallets",
    ],
)
def test_page_answers(portal: Portal, path: str) -> None:
    reward = make_reward(
        make_code(portal.other), "approved", chain_id=portal.app.extensions["portal"].chain.chain_id
    )
    _make_due(portal)
    answer = bounded(lambda: portal.as_(portal.admin).get(path.format(reference=reward.order_reference)))
    assert answer.status_code == 200


def _make_due(portal: Portal) -> None:
    vendor = Vendor.get(Vendor.user == portal.seller.id)
    MerchantConfig.update(payout_wallet="0x" + "ab" * 20).where(MerchantConfig.vendor == vendor.id).execute()
    make_settlement(vendor, scheduled_for=datetime.now(UTC) - timedelta(days=1))


def test_starting_payouts_answers(portal: Portal) -> None:
    _make_due(portal)
    answer = bounded(lambda: portal.as_(portal.admin).submit("/admin/store/commissions/payouts"))
    assert answer.status_code == 503


def test_minting_answers(portal: Portal) -> None:
    chain_id = portal.app.extensions["portal"].chain.chain_id
    make_reward(make_code(portal.other), "approved", chain_id=chain_id)
    answer = bounded(lambda: portal.as_(portal.admin).send("/api/refcodes/mint", {"limit": 1}), *MINTING)
    assert (answer.status_code, answer.get_json()["waitingReason"]) == (200, "chain_away")
    limits.forget_failures()
    secret = {"Authorization": f"Bearer {CRON_SECRET}"}
    answer = bounded(lambda: visitor(portal.app).get("/api/cron/refcodes-mint", headers=secret), *MINTING)
    assert (answer.status_code, answer.get_json()["waitingReason"]) == (200, "chain_away")


def test_retrying_a_reward_answers(portal: Portal) -> None:
    reward = make_reward(
        make_code(portal.other), "failed", failure_reason="price_unavailable", reward_amount_wei=None
    )
    answer = bounded(lambda: portal.as_(portal.admin).send(f"/api/admin/rewards/{reward.id}/retry"))
    assert 400 <= answer.status_code < 500


def test_paying_by_credit_answers(portal: Portal) -> None:
    order = make_order(portal.owner, code=make_code(portal.other))
    give_credit(portal.owner, order.total_minor)
    answer = bounded(
        lambda: portal.as_(portal.owner).send("/api/store/payments/credit", {"orderId": order.id})
    )
    assert (answer.status_code, Order.get_by_id(order.id).status) == (200, "paid")


def test_silent_node_is_left_alone(portal: Portal) -> None:
    browser, wallet = portal.as_(portal.owner), TestWallet()
    _prove(browser, "/api/account/wallets", wallet)
    connections = len(portal.node.connections)
    for _ in range(5):
        assert _prove(browser, "/api/account/wallets", wallet).status_code == 503
    assert len(portal.node.connections) == connections


def test_few_requests_wait_for_a_silent_node(portal: Portal) -> None:
    wallets = [TestWallet() for _ in range(8)]
    browsers = [visitor(portal.app) for _ in wallets]
    for browser, wallet in zip(browsers, wallets, strict=True):
        browser.send("/api/auth/wallet/challenge", {"address": wallet.address})
    proofs = list(zip(browsers, wallets, strict=True))
    limits.forget_failures()
    before = len(portal.node.connections)
    assert run_concurrently(8, lambda: _sign_in(*proofs.pop())) == [503] * 8
    assert len(portal.node.connections) - before <= 4


def _sign_in(browser: Visitor, wallet: TestWallet) -> int:
    body = {"address": wallet.address, "signature": CONTRACT_SIGNATURE}
    return int(browser.send("/api/auth/wallet", body).status_code)


def bounded(
    request: Callable[[], TestResponse], call_seconds: float = SHORT, calls: float = 2.5
) -> TestResponse:
    """Return the response to a request whose waits for the node are bounded, each and together."""
    with watched_timeouts() as waits:
        answer = request()
    assert max(waits, default=0) <= call_seconds
    assert sum(waits) <= call_seconds * calls
    return answer
