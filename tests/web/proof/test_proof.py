"""`/proof/<hash>` and its JSON: what the chain shows of one payment, and nothing else."""

from __future__ import annotations

import json
import re
import shlex
from html import unescape
from pathlib import Path

import pytest
from eth_utils.crypto import keccak
from flask import Flask

from models import ReferralReward, User
from portal.chain import checksum, order_ref
from portal.chain.contract.abi import encode_call
from tests.factories import TOKEN, make_code, make_reward
from tests.support.chain_world import OPERATOR
from tests.support.chains import LocalChain
from tests.support.fake_tokens import fake_token_code
from tests.support.hanging import hanging_server
from tests.support.rpc_proxy import Fault, RpcProxy
from tests.web.conftest import MakeApp, lose_database, visitor
from tests.web.pages import text_of
from tests.web.visitor import Visitor, error_of

REFERENCE = "store_T5mRz8kQw2LxVd_1795222800000"
HASH = order_ref(REFERENCE)
WALLET = "0x00000000000000000000000000000000000abcde"
FINAL_BLOCKS = 80
JSON = {"Accept": "application/json"}
EXPLORER = "https://explorer.example"


@pytest.fixture
def app(make_app: MakeApp, chain: LocalChain) -> Flask:
    return make_app(**chain.settings(), chain_explorer_url=EXPLORER)


def pay(chain: LocalChain, reference: str = REFERENCE, amount: int = 25 * TOKEN // 2) -> str:
    """Pay a reference as the operator and return the hash of the transaction."""
    ref = bytes.fromhex(order_ref(reference)[2:])
    data = encode_call("payReferral(address,uint256,bytes32)", WALLET, amount, ref)
    fields = {"from": OPERATOR, "to": chain.rewards_address, "data": "0x" + data.hex()}
    return str(chain.transact(**fields)["transactionHash"])


def commands_of(page: str) -> list[str]:
    """Return the commands that a page offers to copy."""
    return [unescape(text) for text in re.findall(r'data-copy="(cast [^"]+)"', page)]


def run_cast(chain: LocalChain, command: str) -> object:
    """Return what `cast` answers to a command, by the same JSON-RPC call."""
    words = shlex.split(command)
    if words[1] == "keccak":
        # cast hashes a text that begins with 0x as bytes.
        raw = bytes.fromhex(words[2][2:]) if words[2].startswith("0x") else words[2].encode()
        return "0x" + keccak(raw).hex()
    assert words[-2:] == ["--rpc-url", "$RPC"]
    if words[1] == "receipt":
        return chain.call("eth_getTransactionReceipt", words[2])
    assert words[1] == "call"
    signature, answers = re.fullmatch(r"(\w+\([\w,]*\))\((\w+)\)", words[3]).groups()  # type: ignore[union-attr]
    assert answers == "bool"
    data = keccak(text=signature)[:4] + bytes.fromhex(words[4][2:])
    assert data == encode_call("paidOrders(bytes32)", bytes.fromhex(words[4][2:]))
    answer = chain.call("eth_call", {"to": words[2], "data": "0x" + data.hex()}, "latest")
    return int(answer, 16) == 1


@pytest.mark.parametrize("locale", ["en", "uk", "ru"])
def test_final_payment_shows_what_the_chain_shows(
    client: Visitor, owner: User, chain: LocalChain, locale: str
) -> None:
    reward = make_reward(owner, "minted", order_reference=REFERENCE)
    tx_hash = pay(chain)
    chain.mine(FINAL_BLOCKS)
    page = client.get(f"/{locale}/proof/{HASH}")
    assert page.status_code == 200
    text = text_of(page)
    for expected in (checksum(WALLET), "12500000000000000000", tx_hash, checksum(chain.rewards_address)):
        assert expected in text
    for kind, value in (("tx", tx_hash), ("address", checksum(chain.token_address))):
        assert f'href="{EXPLORER}/{kind}/{value}"' in page.text
    for secret in (REFERENCE, owner.name, str(owner.email), reward.ref_code):
        assert secret not in page.text
    assert page.headers["X-Robots-Tag"] == "noindex, nofollow"
    assert '<meta name="robots" content="noindex, nofollow">' in page.text
    if locale == "en":
        assert "The payment is final" in text
        assert "Token delivered Yes" in text


def test_json_of_a_payment_from_recent_to_final(app: Flask, client: Visitor, chain: LocalChain) -> None:
    tx_hash = pay(chain)
    body = client.get(f"/api/proof/{HASH}").get_json()
    assert {name: body[name] for name in ("paymentHash", "chainId", "contract", "token", "paid")} == {
        "paymentHash": HASH,
        "chainId": chain.chain_id,
        "contract": checksum(chain.rewards_address),
        "token": checksum(chain.token_address),
        "paid": True,
    }
    payment = body["payment"]
    assert (payment["final"], payment["confirmations"]) == (False, 1)
    assert "Paid, not final yet" in text_of(client.get(f"/proof/{HASH}"))
    chain.mine(FINAL_BLOCKS)
    app.extensions["proofs"].forget()
    answer = client.get(f"/proof/{HASH}", headers=JSON)
    assert answer.headers["Cache-Control"] == "private, max-age=3600"
    assert "Accept" in answer.headers["Vary"]
    payment = answer.get_json()["payment"]
    receipt = chain.call("eth_getTransactionReceipt", tx_hash)
    block = chain.call("eth_getBlockByNumber", receipt["blockNumber"], False)
    assert payment.pop("blockTime").endswith("+00:00")
    assert payment == {
        "wallet": checksum(WALLET),
        "amount": "12.5",
        "amountWei": "12500000000000000000",
        "delivered": True,
        "blockNumber": int(block["number"], 16),
        "txHash": tx_hash,
        "final": True,
        "confirmations": None,
    }


def test_unpaid_hash_is_not_paid(client: Visitor) -> None:
    page = client.get(f"/proof/{HASH}")
    assert (page.status_code, "Not paid" in text_of(page)) == (200, True)
    answer = client.get(f"/api/proof/{HASH}")
    assert (answer.get_json()["paid"], answer.get_json()["payment"]) == (False, None)
    assert answer.headers["Cache-Control"] == "no-store"


def test_payment_without_transfer_of_the_token_is_not_delivered(client: Visitor, chain: LocalChain) -> None:
    chain.call("anvil_setCode", chain.token_address, fake_token_code(logs=False))
    pay(chain)
    chain.mine(2)  # The local chain keeps the state of few blocks.
    assert client.get(f"/api/proof/{HASH}").get_json()["payment"]["delivered"] is False
    text = text_of(client.get(f"/proof/{HASH}"))
    assert "shows no transfer of the token" in text
    assert "Token delivered No" in text
    assert "Paid on the chain" not in text


@pytest.mark.parametrize("locale", ["en", "uk", "ru"])
def test_delivery_that_a_pruned_node_cannot_judge_is_unknown(
    client: Visitor, chain: LocalChain, locale: str
) -> None:
    chain.call("anvil_setCode", chain.token_address, fake_token_code(logs=False))
    tx_hash = pay(chain)
    chain.mine(FINAL_BLOCKS)
    payment = client.get(f"/api/proof/{HASH}").get_json()["payment"]
    assert (payment["delivered"], payment["wallet"], payment["final"]) == (None, checksum(WALLET), True)
    text = text_of(client.get(f"/{locale}/proof/{HASH}"))
    assert tx_hash in text
    if locale == "en":
        assert "cannot say whether the tokens arrived" in text
        assert "Token delivered Unknown" in text
        assert "Paid on the chain" not in text


@pytest.mark.parametrize("locale", ["en", "uk", "ru"])
def test_node_without_logs_shows_the_block_alone(make_app: MakeApp, chain: LocalChain, locale: str) -> None:
    pay(chain)
    chain.mine(FINAL_BLOCKS)
    proxy = RpcProxy(chain.rpc_url)
    refusal = {"code": -32000, "message": "history has been pruned for this block"}
    proxy.faults = [Fault("error", ("eth_getLogs",), error=refusal)]
    try:
        browser = visitor(make_app(**{**chain.settings(), "polygon_rpc_url": proxy.url}))
        answer = browser.get(f"/api/proof/{HASH}")
        body = answer.get_json()
        page = browser.get(f"/{locale}/proof/{HASH}")
    finally:
        proxy.stop()
    payment = body["payment"]
    assert (body["paid"], payment["final"], answer.headers["Cache-Control"]) == (True, True, "no-store")
    unknown = {name for name, value in payment.items() if value is None}
    assert unknown == {"wallet", "amount", "amountWei", "delivered", "txHash", "confirmations"}
    assert payment["blockNumber"] == int(chain.call("eth_blockNumber"), 16) - FINAL_BLOCKS
    text = text_of(page)
    assert str(payment["blockNumber"]) in text
    if locale == "en":
        assert "wallet, amount and delivery are not known here" in text


# ---------------------------------------------------------------------- the hash


@pytest.mark.parametrize(
    "spelling", [HASH, HASH[2:], HASH.upper(), HASH[2:].upper(), "0x" + HASH[2:].upper()]
)
def test_every_spelling_of_a_hash_is_read(client: Visitor, spelling: str) -> None:
    assert client.get(f"/api/proof/{spelling}").get_json()["paymentHash"] == HASH
    assert HASH in client.get(f"/proof/{spelling}").text


@pytest.mark.parametrize(
    "text",
    [
        HASH[:-1], HASH + "0", HASH[2:] + "0x", "0x" * 33, "x" * 64, "", "0x", HASH + "%0A", "%20" + HASH,
        "１" * 64, "<script>alert(1)</script>", "%22%3E%3Cimg%20src=x%20onerror=alert(1)%3E", "'" + HASH[3:],
        "a" * 5000, REFERENCE, "%00" + HASH[2:],
    ],
)  # fmt: skip
def test_malformed_hash_is_refused_in_words(client: Visitor, text: str) -> None:
    for locale in ("en", "uk", "ru"):
        page = client.get(f"/{locale}/proof/{text}")
        assert page.status_code == 404
        assert "<script>alert" not in page.text
    answer = client.get(f"/api/proof/{text}")
    assert answer.status_code == 404
    assert error_of(answer)["code"] in ("payment_hash_malformed", "not_found")


def test_malformed_hash_says_what_is_right(client: Visitor) -> None:
    assert "64 hexadecimal digits" in text_of(client.get("/proof/0x12"))
    answer = client.get("/proof/0x12", headers=JSON)
    assert (answer.status_code, error_of(answer)["code"]) == (404, "payment_hash_malformed")


# ---------------------------------------------------------------------- bounds


def test_final_payment_is_not_read_again(app: Flask, client: Visitor, chain: LocalChain) -> None:
    pay(chain)
    chain.mine(FINAL_BLOCKS)
    first = client.get(f"/api/proof/{HASH}").get_json()
    chain.call("anvil_setCode", chain.rewards_address, "0x")
    assert client.get(f"/api/proof/{HASH}").get_json() == first
    other = client.get(f"/api/proof/{order_ref('another')}")
    assert (other.status_code, error_of(other)["code"]) == (503, "chain_away")


def test_requests_of_an_address_are_limited_together(make_app: MakeApp, chain: LocalChain) -> None:
    browser = visitor(make_app(**chain.settings(), rate_limit_proof="2 per minute"))
    assert browser.get(f"/proof/{HASH}").status_code == 200
    assert browser.get(f"/api/proof/{HASH}").status_code == 200
    refused = browser.get(f"/api/proof/{HASH}")
    assert (refused.status_code, error_of(refused)["code"]) == (429, "rate_limited")
    assert int(refused.headers["Retry-After"]) > 0
    assert browser.get(f"/proof/{HASH}").status_code == 429


def test_silent_node_is_reported_in_words(make_app: MakeApp, chain: LocalChain) -> None:
    with hanging_server() as server:
        app = make_app(**{**chain.settings(), "polygon_rpc_url": f"http://127.0.0.1:{server.port}"})
        app.config["NODE_CALL_SECONDS"] = 0.3
        for locale, word in (("en", "blockchain node"), ("uk", "блокчейн"), ("ru", "блокчейн")):
            page = visitor(app).get(f"/{locale}/proof/{HASH}")
            assert (page.status_code, int(page.headers["Retry-After"]) > 0) == (503, True)
            assert word in text_of(page).lower()
        answer = visitor(app).get(f"/api/proof/{HASH}")
        assert (answer.status_code, error_of(answer)["code"]) == (503, "chain_away")


def test_portal_without_a_chain_says_so(make_app: MakeApp) -> None:
    browser = visitor(make_app())
    assert browser.get(f"/proof/{HASH}").status_code == 404
    assert error_of(browser.get(f"/api/proof/{HASH}"))["code"] == "payments_not_on_chain"


def test_database_is_not_needed(client: Visitor, chain: LocalChain) -> None:
    pay(chain)
    lose_database()
    assert client.get(f"/api/proof/{HASH}").get_json()["paid"] is True
    assert client.get(f"/proof/{HASH}").status_code == 200


# ---------------------------------------------------------------------- the referrer's page


def test_commands_of_the_referrer_check_the_payment(client: Visitor, owner: User, chain: LocalChain) -> None:
    tx_hash = pay(chain)
    reward = make_reward(owner, "minted", order_reference=REFERENCE, tx_hash=tx_hash)
    client.sign_in_as(owner)
    assert f'href="/refcodes/rewards/{reward.id}/check"' in client.get("/refcodes").text
    page = client.get(f"/refcodes/rewards/{reward.id}/check")
    assert page.status_code == 200
    text = text_of(page)
    for expected in (
        REFERENCE,
        HASH,
        checksum(chain.rewards_address),
        "12500000000000000000",
        "31337",
        tx_hash,
    ):
        assert expected in text
    assert f'href="/proof/{HASH}"' in page.text
    hashed, paid, receipt = (run_cast(chain, command) for command in commands_of(page.text))
    assert (hashed, paid) == (HASH, True)
    assert isinstance(receipt, dict)
    assert HASH in json.dumps(receipt["logs"])
    public = client.get(f"/proof/{HASH}").text
    assert commands_of(public) == commands_of(page.text)[1:]


def test_commands_of_the_documentation_are_those_of_the_page(
    client: Visitor, owner: User, chain: LocalChain
) -> None:
    tx_hash = pay(chain)
    reward = make_reward(owner, "minted", order_reference=REFERENCE, tx_hash=tx_hash)
    page = client.sign_in_as(owner).get(f"/refcodes/rewards/{reward.id}/check").text
    values = {
        "REFERENCE": REFERENCE,
        "HASH": HASH,
        "TX": tx_hash,
        "CONTRACT": checksum(chain.rewards_address),
    }
    (block,) = re.findall(r"```sh\n(.*?)```", Path("docs/check-your-payment.md").read_text(), re.S)
    documented = re.sub(r'"\$(\w+)"', lambda name: values.get(name[1], name[0]), block)
    assert documented.splitlines() == commands_of(page)


@pytest.mark.parametrize(
    "reference",
    ["store_a_1#2", "0xdeadbeef", "it's", "-x", "два слова", "$(touch /tmp/x)", '"', "a`b`", "#2"],
)
def test_hash_command_hashes_any_reference(
    client: Visitor, owner: User, chain: LocalChain, reference: str
) -> None:
    reward = make_reward(owner, "minted", order_reference=reference)
    page = client.sign_in_as(owner).get(f"/refcodes/rewards/{reward.id}/check")
    command = commands_of(page.text)[0]
    assert run_cast(chain, command) == order_ref(reference)
    assert re.fullmatch(r"cast keccak ('[\w.:#-]+'|[\w.:-]+)", command, re.ASCII)


def test_completed_payment_has_the_hash_of_its_own_reference(client: Visitor, owner: User) -> None:
    reward = make_reward(
        owner, "minted", order_reference=REFERENCE, payment_number=2, delivered_wei=5 * TOKEN // 2
    )
    page = client.sign_in_as(owner).get(f"/refcodes/rewards/{reward.id}/check")
    assert f"{REFERENCE}#2" in page.text
    for each in (HASH, order_ref(f"{REFERENCE}#2")):
        assert f'href="/proof/{each}"' in page.text
    assert str(10 * TOKEN) in page.text


def test_only_the_referrer_of_a_minted_reward_gets_the_page(
    client: Visitor, owner: User, other: User, admin: User
) -> None:
    code = make_code(owner)
    minted, waiting = make_reward(code, "minted"), make_reward(code)
    assert client.get(f"/refcodes/rewards/{minted.id}/check").status_code == 303
    for person in (other, admin):
        answer = client.sign_in_as(person).get(f"/refcodes/rewards/{minted.id}/check")
        assert answer.status_code == 404
    client.sign_in_as(owner)
    assert client.get(f"/refcodes/rewards/{waiting.id}/check").status_code == 404
    assert client.get("/refcodes/rewards/999999/check").status_code == 404
    for locale in ("en", "uk", "ru"):
        assert client.get(f"/{locale}/refcodes/rewards/{minted.id}/check").status_code == 200


def test_contract_of_another_network_is_not_claimed(client: Visitor, owner: User, chain: LocalChain) -> None:
    reward = make_reward(owner, "minted", chain_id=137)
    page = client.sign_in_as(owner).get(f"/refcodes/rewards/{reward.id}/check").text
    assert checksum(chain.rewards_address) not in page
    assert len(commands_of(page)) == 2
    assert ReferralReward.get_by_id(reward.id).chain_id == 137
