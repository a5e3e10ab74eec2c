"""Signatures of externally owned accounts and, on a real chain, of contract wallets."""

from __future__ import annotations

import pytest

from portal.chain import AnyChain, ChainAway, ContractWalletUnchecked, is_signed_by, open_chain
from portal.settings import Settings
from tests.support.chains import LocalChain
from tests.support.wallets import (
    ORDER,
    TestWallet,
    compact,
    constant_answer_code,
    contract_wallet_code,
    deploy,
    with_high_s,
    with_v,
)

MESSAGE = "shop.example wants you to sign in with your Ethereum account:\n0x…"
MAGIC = "1626ba7e" + "00" * 28
NO_CHAIN = open_chain(Settings(_env_file=None, polygon_rpc_url="", referral_rewards_address=""))


@pytest.fixture
def wallet() -> TestWallet:
    return TestWallet()


@pytest.mark.parametrize(
    "text", ["ascii", "Прив'язати цей гаманець до мого облікового запису.", "ы" * 500, "🦊\n\n", " "]
)
def test_utf_8_messages_are_verified(wallet: TestWallet, text: str) -> None:
    assert is_signed_by(NO_CHAIN, wallet.stored, text, wallet.sign(text))
    assert wallet.sign(text) == wallet.sign_bytes(text.encode())
    assert not is_signed_by(NO_CHAIN, wallet.stored, text + ".", wallet.sign(text))


def test_every_signature_encoding_is_accepted(wallet: TestWallet) -> None:
    for number in range(20):  # both parities
        message = f"{MESSAGE}{number}"
        signature = wallet.sign(message)
        parity = int(signature[-2:], 16) - 27
        for form in (
            signature,
            "0x" + signature[2:].upper(),
            compact(signature),
            with_v(signature, parity),
        ):
            assert is_signed_by(NO_CHAIN, wallet.stored, message, form), form


def test_signature_of_another_key_is_refused(wallet: TestWallet) -> None:
    assert not is_signed_by(NO_CHAIN, wallet.stored, MESSAGE, TestWallet().sign(MESSAGE))


def test_high_s_signature_is_refused(wallet: TestWallet) -> None:
    high = with_high_s(wallet.sign(MESSAGE))
    assert int(high[66:130], 16) > ORDER // 2
    assert not is_signed_by(NO_CHAIN, wallet.stored, MESSAGE, high)


def test_malformed_signature_is_refused(wallet: TestWallet) -> None:
    good = wallet.sign(MESSAGE)
    zero_r, zero_s = "0x" + "00" * 32 + good[66:], good[:66] + "00" * 32 + good[-2:]
    big_r = f"0x{ORDER:064x}{good[66:]}"
    for text in (
        "", good[2:], good[:-1], "0x" + "zz" * 65, "0x" + "00" * 65, "0x" + "ff" * 65, zero_r, zero_s, big_r,
        with_v(good, 2), with_v(good, 26), with_v(good, 29), "0x" + "é" * 130, good.replace("0x", "0x "),
        "0X" + good[2:], "0x" + "11" * 17_000,
    ):  # fmt: skip
        assert not is_signed_by(NO_CHAIN, wallet.stored, MESSAGE, text), text[:40]


# ---------------------------------------------------------------------- contract wallets


def settings_of(chain: LocalChain, **changes: object) -> Settings:
    values = {
        "polygon_rpc_url": chain.rpc_url,
        "referral_chain_id": chain.chain_id,
        "referral_rewards_address": chain.rewards_address,
    }
    return Settings(_env_file=None, **{**values, **changes})


@pytest.fixture
def opened(chain: LocalChain, database: str) -> AnyChain:
    return open_chain(settings_of(chain))


def test_contract_wallet_verifies_its_owner(chain: LocalChain, opened: AnyChain, wallet: TestWallet) -> None:
    contract = deploy(chain, contract_wallet_code(wallet.stored))
    assert is_signed_by(opened, contract, MESSAGE, wallet.sign(MESSAGE))
    assert not is_signed_by(opened, contract, MESSAGE + ".", wallet.sign(MESSAGE))
    assert not is_signed_by(opened, contract, MESSAGE, TestWallet().sign(MESSAGE))
    assert is_signed_by(opened, wallet.stored, MESSAGE, wallet.sign(MESSAGE))


@pytest.mark.parametrize(
    ("code", "is_valid"),
    [
        (constant_answer_code(MAGIC), True),
        (constant_answer_code("00" * 31 + "01"), False),
        (constant_answer_code("ffffffff" + "00" * 28), False),
        (constant_answer_code("1626ba7e" + "ff" * 28), False),
        (constant_answer_code("00" * 28 + "1626ba7e"), False),
        ("0x60006000fd", False),  # reverts
        (f"0x7f{MAGIC}60005260046000f3", False),  # four bytes only
        (f"0x7f{MAGIC}60005260406000f3", True),  # more than a word, as compilers accept it
        ("0x00", False),  # returns nothing
        ("0x5b600056", False),  # runs out of gas
        ("0xfe", False),  # invalid opcode
        ("0x60ff56", False),  # jumps to nowhere
        ("0x50", False),  # pops from an empty stack
    ],
)
def test_only_the_magic_value_is_accepted(
    chain: LocalChain, opened: AnyChain, code: str, is_valid: bool
) -> None:
    contract = deploy(chain, code)
    for signature in ("0x" + "11" * 65, "0x" + "22" * 300, "0x01"):
        assert is_signed_by(opened, contract, MESSAGE, signature) is is_valid


def test_invalid_signature_of_an_address_without_code_is_refused(
    opened: AnyChain, wallet: TestWallet
) -> None:
    assert not is_signed_by(opened, TestWallet().stored, MESSAGE, wallet.sign(MESSAGE))
    assert not is_signed_by(opened, wallet.stored, MESSAGE, "0x" + "11" * 300)
    assert not is_signed_by(opened, wallet.stored, MESSAGE, "0x")


def test_contract_signature_cannot_be_checked_without_chain(wallet: TestWallet) -> None:
    for signature in ("0x" + "11" * 300, "0x"):
        with pytest.raises(ContractWalletUnchecked):
            is_signed_by(NO_CHAIN, wallet.stored, MESSAGE, signature)


def test_unreachable_or_wrong_node_raises_chain_away(
    chain: LocalChain, database: str, wallet: TestWallet
) -> None:
    for changes in ({"polygon_rpc_url": "http://127.0.0.1:1"}, {"referral_chain_id": 80002}):
        away = open_chain(settings_of(chain, **changes))
        with pytest.raises(ChainAway):
            is_signed_by(away, TestWallet().stored, MESSAGE, wallet.sign(MESSAGE))
        # The signature of a key needs no node.
        assert is_signed_by(away, wallet.stored, MESSAGE, wallet.sign(MESSAGE))
