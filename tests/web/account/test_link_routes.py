"""Linking a wallet: the proof and the code that comes with it. See docs/rules/accounts.md."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask

from models import EventLog, Refcode, User, Wallet, WalletChallenge
from portal.chain import checksum
from tests.factories import make_user
from tests.support.chains import LocalChain
from tests.support.wallet_contracts import Undeployed, call_wallet, deploy_wallet, personal_hash
from tests.support.wallets import TestWallet, compact, contract_wallet_code, deploy, with_high_s
from tests.web.account.proofs import expire_challenges, run_concurrently
from tests.web.account.wallet_links import CHALLENGE, LINK, link, request_challenge, unlink
from tests.web.conftest import MakeApp, visitor
from tests.web.visitor import Visitor, error_of

SIGN_IN = "/api/auth/wallet"


@pytest.fixture
def wallet() -> TestWallet:
    return TestWallet()


# ---------------------------------------------------------------------- linking


def test_proven_wallet_is_linked_and_gets_a_code(as_owner: Visitor, owner: User, wallet: TestWallet) -> None:
    answer = link(as_owner, wallet)
    code = Refcode.get(Refcode.owner == owner.id)
    assert (answer.status_code, answer.get_json()) == (
        201,
        {
            "address": wallet.address,
            "walletAddress": wallet.address,
            "code": code.code,
            "shareUrl": f"http://localhost?ref={code.code}",
            "active": True,
        },
    )
    assert Wallet.get().user_id == owner.id
    assert (code.wallet_address, code.active) == (wallet.stored, True)
    (listed,) = as_owner.get("/api/refcodes").get_json()["codes"]
    assert (listed["code"], listed["walletAddress"]) == (code.code, wallet.address)


def test_message_names_site_wallet_and_chain(make_app: MakeApp, owner: User, wallet: TestWallet) -> None:
    browser = visitor(make_app(app_url="http://localhost:8123", referral_chain_id=80002), owner)
    message = request_challenge(browser, wallet.stored)
    stored = WalletChallenge.get()
    assert stored.message == message
    assert message.startswith(
        f"localhost:8123 wants you to sign in with your Ethereum account:\n{wallet.address}\n\n"
    )
    assert f"\nURI: http://localhost:8123\nVersion: 1\nChain ID: 80002\nNonce: {stored.nonce}\n" in message
    assert (stored.expires_at - stored.created_at).total_seconds() == 600


@pytest.mark.parametrize("locale", ["en", "uk", "ru"])
def test_message_is_ascii_in_every_language(as_owner: Visitor, wallet: TestWallet, locale: str) -> None:
    answer = as_owner.send(f"/{locale}{CHALLENGE}", {"address": wallet.address})
    assert answer.get_json()["message"].isascii()


def test_address_is_case_insensitive(as_owner: Visitor, wallet: TestWallet) -> None:
    upper = "0x" + wallet.stored[2:].upper()
    message = request_challenge(as_owner, upper)
    assert wallet.address in message
    for address in (wallet.stored, upper, wallet.address, f"  {wallet.stored} "):
        assert (
            link(as_owner, wallet, address, wallet.sign(request_challenge(as_owner, upper))).status_code
            == 201
        )
    assert Wallet.select().count() == Refcode.select().count() == 1


def test_compact_signature_links_and_high_s_is_refused(as_owner: Visitor) -> None:
    first, second = TestWallet(), TestWallet()
    assert (
        link(
            as_owner, first, signature=compact(first.sign(request_challenge(as_owner, first.address)))
        ).status_code
        == 201
    )
    high = with_high_s(second.sign(request_challenge(as_owner, second.address)))
    assert error_of(link(as_owner, second, signature=high))["code"] == "signature_wrong"


def test_linking_again_returns_the_same_code(as_owner: Visitor, wallet: TestWallet) -> None:
    first, second = link(as_owner, wallet), link(as_owner, wallet)
    assert (second.status_code, second.get_json()) == (201, first.get_json())
    assert EventLog.select().where(EventLog.event == "wallet_linked").count() == 1


@pytest.mark.parametrize(
    "address",
    ["", "0x", "0x123", "x" * 42, "0x" + "0" * 40, "0x" + "g" * 40, "0x" + "1" * 41, "0x" + "１" * 40],
)
def test_invalid_address_is_refused(as_owner: Visitor, address: str) -> None:
    for url, body in ((CHALLENGE, {"address": address}), (LINK, {"address": address, "signature": "0x00"})):
        answer = as_owner.send(url, body)
        assert (answer.status_code, error_of(answer)["code"]) == (422, "address_invalid")
        assert "address" in error_of(answer)["fields"]
    assert not WalletChallenge.select().exists()


@pytest.mark.parametrize(
    "body", [{}, {"address": None}, {"address": 5}, {"address": ["0x"]}, {"address": "\x00"}]
)
def test_malformed_body_is_refused(as_owner: Visitor, body: dict[str, object]) -> None:
    assert error_of(as_owner.send(CHALLENGE, body))["code"] == "field_invalid"
    assert error_of(as_owner.send(LINK, body))["code"] == "field_invalid"


@pytest.mark.parametrize("url", [CHALLENGE, LINK])
def test_linking_requires_sign_in_and_csrf_token(
    client: Visitor, as_owner: Visitor, wallet: TestWallet, url: str
) -> None:
    assert client.send(url, {"address": wallet.address, "signature": "0x"}).status_code == 401
    assert as_owner.post(url, json={"address": wallet.address, "signature": "0x"}).status_code == 400
    assert as_owner.get(url).status_code == 405


# ---------------------------------------------------------------------- refused proofs


def test_proof_without_challenge_is_refused(as_owner: Visitor, wallet: TestWallet) -> None:
    answer = link(as_owner, wallet, signature=wallet.sign("anything"))
    assert (answer.status_code, error_of(answer)["code"]) == (409, "challenge_unknown")


def test_proof_is_accepted_once(as_owner: Visitor, wallet: TestWallet) -> None:
    signature = wallet.sign(request_challenge(as_owner, wallet.address))
    assert link(as_owner, wallet, signature=signature).status_code == 201
    assert error_of(link(as_owner, wallet, signature=signature))["code"] == "challenge_unknown"
    unlink(as_owner, wallet)
    assert error_of(link(as_owner, wallet, signature=signature))["code"] == "challenge_unknown"
    request_challenge(as_owner, wallet.address)
    assert error_of(link(as_owner, wallet, signature=signature))["code"] == "signature_wrong"
    assert not Wallet.select().exists()


def test_proof_expires_by_the_database_clock(as_owner: Visitor, wallet: TestWallet) -> None:
    signature = wallet.sign(request_challenge(as_owner, wallet.address))
    expire_challenges()
    answer = link(as_owner, wallet, signature=signature)
    assert (answer.status_code, error_of(answer)["code"]) == (410, "challenge_expired")
    assert link(as_owner, wallet).status_code == 201


def test_wrong_signature_does_not_use_up_the_challenge(as_owner: Visitor, wallet: TestWallet) -> None:
    message = request_challenge(as_owner, wallet.address)
    answer = link(as_owner, wallet, signature=TestWallet().sign(message))
    assert (answer.status_code, error_of(answer)["code"]) == (422, "signature_wrong")
    assert link(as_owner, wallet, signature=wallet.sign(message)).status_code == 201


def test_only_the_stored_message_is_verified(as_owner: Visitor, wallet: TestWallet) -> None:
    message = request_challenge(as_owner, wallet.address)
    for altered in (
        message.replace("localhost", "evil.example"),
        message.replace("Chain ID: 137", "Chain ID: 1"),
        message.replace("Version: 1", "Version: 2"),
        message + "\n",
    ):
        assert altered != message
        body = {"address": wallet.address, "signature": wallet.sign(altered), "message": altered}
        assert error_of(as_owner.send(LINK, body))["code"] == "signature_wrong"


def test_challenge_is_bound_to_account_and_address(
    as_owner: Visitor, as_other: Visitor, wallet: TestWallet
) -> None:
    signature = wallet.sign(request_challenge(as_other, wallet.address))
    assert error_of(link(as_owner, wallet, signature=signature))["code"] == "challenge_unknown"
    second = TestWallet()
    message = request_challenge(as_other, second.address)
    body = {"address": wallet.address, "signature": wallet.sign(message)}
    assert error_of(as_other.send(LINK, body))["code"] == "signature_wrong"


def test_sign_in_message_does_not_link(app: Flask, as_owner: Visitor, wallet: TestWallet) -> None:
    client = visitor(app)
    answer = client.send("/api/auth/wallet/challenge", {"address": wallet.address})
    signature = wallet.sign(answer.get_json()["message"])
    assert error_of(link(as_owner, wallet, signature=signature))["code"] == "challenge_unknown"


def test_wallet_of_another_account_is_taken(
    as_owner: Visitor, as_other: Visitor, wallet: TestWallet, other: User
) -> None:
    assert link(as_other, wallet).status_code == 201
    answer = link(as_owner, wallet)
    assert (answer.status_code, error_of(answer)["code"]) == (409, "wallet_taken")
    assert Wallet.get().user_id == other.id
    assert Refcode.select().count() == 1


def test_concurrent_proofs_link_once(app: Flask, owner: User, wallet: TestWallet) -> None:
    signature = wallet.sign(request_challenge(visitor(app, owner), wallet.address))
    statuses = run_concurrently(6, lambda: link(visitor(app, owner), wallet, signature=signature).status_code)
    assert statuses.pop(0) == 201
    # The link ends the other sessions of the account: one that had not asked yet is signed out.
    assert set(statuses) <= {401, 409}
    assert Wallet.select().count() == Refcode.select().count() == 1


def test_concurrent_accounts_cannot_share_a_wallet(app: Flask, wallet: TestWallet) -> None:
    users = [make_user(), make_user(), make_user()]
    proofs = [(user, wallet.sign(request_challenge(visitor(app, user), wallet.address))) for user in users]
    statuses = run_concurrently(3, lambda: _link_as(app, wallet, *proofs.pop()))
    assert statuses == [201, 409, 409]
    assert Wallet.select().count() == Refcode.select().count() == 1


def _link_as(app: Flask, wallet: TestWallet, user: User, signature: str) -> int:
    return int(link(visitor(app, user), wallet, signature=signature).status_code)


def test_linking_is_rate_limited(make_app: MakeApp, owner: User, wallet: TestWallet) -> None:
    browser = visitor(make_app(rate_limit_sign_in="2 per minute"), owner)
    for url in (CHALLENGE, LINK):
        body = {"address": wallet.address, "signature": "0x"}
        statuses = [browser.send(url, body).status_code for _ in range(3)]
        assert statuses[-1] == 429
        assert 429 not in statuses[:2]


@pytest.mark.parametrize("locale", ["en", "uk", "ru"])
def test_refusal_has_a_message_in_each_language(as_owner: Visitor, wallet: TestWallet, locale: str) -> None:
    body = {"address": wallet.address, "signature": "0x"}
    assert error_of(as_owner.send(f"/{locale}{LINK}", body))["message"]


# ---------------------------------------------------------------------- contract wallets


def test_contract_wallet_is_linked_by_its_owner_key(
    make_app: MakeApp, chain: LocalChain, owner: User, wallet: TestWallet
) -> None:
    app = make_app(**chain.settings())
    contract, browser = deploy(chain, contract_wallet_code(wallet.stored)), visitor(app, owner)
    message = request_challenge(browser, contract)
    assert error_of(link(browser, wallet, contract, TestWallet().sign(message)))["code"] == "signature_wrong"
    assert link(browser, wallet, contract, wallet.sign(message)).get_json()["walletAddress"] == checksum(
        contract
    )


def test_wallet_of_several_owners_is_linked_once_they_have_approved_on_chain(
    make_app: MakeApp, chain: LocalChain, owner: User
) -> None:
    browser = visitor(make_app(**chain.settings()), owner)
    owners = [TestWallet().stored for _ in range(2)]
    contract = deploy_wallet(chain, "ApprovalWallet", ["address[]", "uint256"], [owners, 2])
    message = request_challenge(browser, contract)
    challenge = WalletChallenge.get()
    assert (challenge.expires_at - challenge.created_at).total_seconds() == 24 * 3600
    proof = {"address": checksum(contract), "signature": "0x"}
    answer = browser.send(LINK, proof)
    assert (answer.status_code, error_of(answer)["code"]) == (409, "approval_missing")
    call_wallet(chain, contract, "signMessage(bytes32)", personal_hash(message))
    answer = browser.send(LINK, proof)
    assert (answer.status_code, answer.get_json()["walletAddress"]) == (201, checksum(contract))
    # The message is used up, although the approval stays on chain.
    assert error_of(browser.send(LINK, proof))["code"] == "challenge_unknown"


def test_wallet_that_is_not_deployed_yet_signs_in(make_app: MakeApp, chain: LocalChain) -> None:
    browser, wallet = visitor(make_app(**chain.settings())), TestWallet()
    undeployed = Undeployed(chain, wallet)
    address = checksum(undeployed.address)
    message = browser.send(f"{SIGN_IN}/challenge", {"address": address}).get_json()["message"]
    signature = undeployed.wrap(wallet.sign(message))
    answer = browser.send(SIGN_IN, {"address": address, "signature": signature})
    assert (answer.status_code, answer.get_json()["isNew"]) == (201, True)
    assert Wallet.get().address == undeployed.address
    assert browser.get("/api/refcodes").get_json()["codes"][0]["walletAddress"] == address


NO_WALLETS = [
    (f"0x{1:040x}", "address_reserved"),
    ("0x000000000000000000000000000000000000dEaD", "address_reserved"),
    ("0x" + "11" * 20, "payee_is_contract"),
    ("0x" + "22" * 20, "payee_is_contract"),
    ("0x" + "0" * 40, "address_invalid"),
    ("vitalik.eth", "address_invalid"),
    ("XE7338O073KYGTWWZN0F2WZ0R8PX5ZPPZS", "address_invalid"),
    ("5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", "address_invalid"),
    ("0X5AAEB6053F3E94C9B9A09F33669435E7EF1BEAED", "address_invalid"),
    ("\uff10x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", "address_invalid"),
    ("0x5aAeb6053F3E94C9b9A09f33669435E7Ef1B eAed", "address_invalid"),
    ("0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAeD", "address_checksum_wrong"),
]


@pytest.mark.parametrize("url", [CHALLENGE, f"{SIGN_IN}/challenge"])
def test_address_that_cannot_be_a_wallet_is_refused(make_app: MakeApp, owner: User, url: str) -> None:
    for address, code in NO_WALLETS:
        own = {
            "referral_rewards_address": "0x" + "11" * 20,
            "referral_reward_token_address": "0x" + "22" * 20,
        }
        answer = visitor(make_app(**own), owner).send(url, {"address": address})
        assert (answer.status_code, error_of(answer)["code"]) == (422, code), (address, code)
        assert set(error_of(answer)["fields"]) == {"address"}, (address, code)


@pytest.mark.parametrize("change", [str.lower, lambda text: "0x" + text[2:].upper(), str])
def test_every_way_to_write_an_address_names_one_wallet(
    as_owner: Visitor, wallet: TestWallet, change: Callable[[str], str]
) -> None:
    assert f"\n{wallet.address}\n" in request_challenge(as_owner, change(wallet.address))


def test_contract_wallet_requires_a_chain(make_app: MakeApp, as_owner: Visitor, owner: User) -> None:
    contract = TestWallet()
    request_challenge(as_owner, contract.address)
    answer = link(as_owner, contract, signature="0x" + "11" * 200)
    assert (answer.status_code, error_of(answer)["code"]) == (422, "contract_wallet_unchecked")
    app = make_app(polygon_rpc_url="http://127.0.0.1:1", referral_rewards_address="0x" + "1" * 40)
    answer = link(visitor(app, owner), contract, signature="0x" + "11" * 200)
    assert (answer.status_code, error_of(answer)["code"]) == (503, "chain_away")
    assert int(answer.headers["Retry-After"]) > 0
    assert not Wallet.select().exists()
