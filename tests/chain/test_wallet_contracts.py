"""Contract wallets as they really answer: approvals on chain, wrapped hashes, wallets not deployed yet, delegation."""

from __future__ import annotations

import pytest

from portal.chain import AnyChain, ApprovalMissing, Chain, is_contract_wallet, is_signed_by, open_chain
from portal.chain.contract.abi import encode_call
from portal.settings import Settings
from tests.support.chains import LocalChain
from tests.support.wallet_contracts import (
    SALT,
    Undeployed,
    call_wallet,
    creation_call,
    deploy_wallet,
    personal_hash,
    read_word,
    wrapped,
)
from tests.support.wallets import TestWallet

MESSAGE = "shop.example wants you to sign in with your Ethereum account:\n0x…"


@pytest.fixture
def opened(chain: LocalChain, database: str) -> AnyChain:
    return open_chain(Settings(_env_file=None, **chain.settings()))


@pytest.fixture
def owner() -> TestWallet:
    return TestWallet()


# ---------------------------------------------------------------------- several owners


@pytest.fixture
def owners() -> list[TestWallet]:
    return sorted((TestWallet() for _ in range(3)), key=lambda wallet: wallet.stored)


@pytest.fixture
def safe(chain: LocalChain, owners: list[TestWallet]) -> str:
    """Return a wallet of three owners of whom two must agree."""
    addresses = [wallet.stored for wallet in owners]
    return deploy_wallet(chain, "ApprovalWallet", ["address[]", "uint256"], [addresses, 2])


def test_approval_on_chain_needs_no_signature(chain: LocalChain, opened: AnyChain, safe: str) -> None:
    with pytest.raises(ApprovalMissing):
        is_signed_by(opened, safe, MESSAGE, "0x")
    call_wallet(chain, safe, "signMessage(bytes32)", personal_hash(MESSAGE))
    assert is_signed_by(opened, safe, MESSAGE, "0x")
    with pytest.raises(ApprovalMissing):
        is_signed_by(opened, safe, MESSAGE + ".", "0x")


def test_signatures_of_enough_owners_are_accepted(
    chain: LocalChain, opened: AnyChain, safe: str, owners: list[TestWallet]
) -> None:
    digest = read_word(chain, safe, "messageHash(bytes32)", personal_hash(MESSAGE))
    one, two = (wallet.sign_hash(digest) for wallet in owners[:2])
    assert is_signed_by(opened, safe, MESSAGE, one + two[2:])
    for signature in (one, one + one[2:], two + one[2:], one + owners[2].sign(MESSAGE)[2:]):
        assert not is_signed_by(opened, safe, MESSAGE, signature)


def test_signature_bound_to_its_wallet_is_accepted_for_that_wallet_only(
    chain: LocalChain, opened: AnyChain, owner: TestWallet
) -> None:
    mine, twin = (deploy_wallet(chain, "ReplaySafeWallet", ["address"], [owner.stored]) for _ in range(2))
    digest = read_word(chain, mine, "replaySafeHash(bytes32)", personal_hash(MESSAGE))
    signature = _indexed(owner.sign_hash(digest))
    assert is_signed_by(opened, mine, MESSAGE, signature)
    assert not is_signed_by(opened, twin, MESSAGE, signature)
    assert not is_signed_by(opened, mine, MESSAGE, _indexed(owner.sign(MESSAGE)))


def _indexed(signature: str) -> str:
    """Return a signature as (owner index, signature)."""
    raw = bytes.fromhex(signature[2:])
    words = [0, 64, len(raw)]
    return "0x" + b"".join(word.to_bytes(32, "big") for word in words).hex() + raw.hex().ljust(192, "0")


# ---------------------------------------------------------------------- not deployed yet


@pytest.fixture
def undeployed(chain: LocalChain, owner: TestWallet) -> Undeployed:
    return Undeployed(chain, owner)


def test_wallet_that_is_not_deployed_yet_signs(
    chain: LocalChain, opened: AnyChain, owner: TestWallet, undeployed: Undeployed
) -> None:
    signature = undeployed.wrap(owner.sign(MESSAGE))
    assert is_signed_by(opened, undeployed.address, MESSAGE, signature)
    assert chain.call("eth_getCode", undeployed.address, "latest") == "0x"
    assert not is_signed_by(opened, undeployed.address, MESSAGE + ".", signature)
    assert not is_signed_by(opened, TestWallet().stored, MESSAGE, signature)
    assert not is_signed_by(opened, undeployed.address, MESSAGE, owner.sign(MESSAGE))


def test_wrapped_signature_is_accepted_after_the_deployment_too(
    chain: LocalChain, opened: AnyChain, owner: TestWallet, undeployed: Undeployed
) -> None:
    call_wallet(chain, undeployed.factory, "create(address,bytes32)", owner.stored, SALT)
    signature = undeployed.wrap(owner.sign(MESSAGE))
    assert is_signed_by(opened, undeployed.address, MESSAGE, signature)
    assert is_signed_by(opened, undeployed.address, MESSAGE, owner.sign(MESSAGE))


def test_other_deployments_are_refused(opened: AnyChain, owner: TestWallet, undeployed: Undeployed) -> None:
    thief, factory = TestWallet(), undeployed.factory
    for call, signer in (
        (creation_call(thief), thief),  # a wallet at another address
        (undeployed.creation, thief),  # the right wallet, the signature of another key
        (b"", owner),  # the factory deploys nothing
        (b"\xff" * 36, owner),  # the factory reverts
    ):
        signature = wrapped(factory, call, signer.sign(MESSAGE))
        assert not is_signed_by(opened, undeployed.address, MESSAGE, signature)
    for nowhere in (TestWallet().stored, "0x" + "00" * 20):
        assert not is_signed_by(
            opened, undeployed.address, MESSAGE, wrapped(nowhere, undeployed.creation, owner.sign(MESSAGE))
        )


def test_malformed_wrapped_signature_is_refused(opened: AnyChain, undeployed: Undeployed) -> None:
    for body in ("", "00" * 32, "ff" * 96, "11" * 65):
        assert not is_signed_by(opened, undeployed.address, MESSAGE, f"0x{body}{'6492' * 16}")


# ---------------------------------------------------------------------- traps


def test_wallet_that_accepts_simulations_is_not_believed(chain: LocalChain, opened: AnyChain) -> None:
    contract = deploy_wallet(chain, "SimulationWallet")
    assert not is_signed_by(opened, contract, MESSAGE, "0x" + "11" * 65)


def test_simulated_change_of_a_deployed_wallet_proves_nothing(chain: LocalChain, opened: AnyChain) -> None:
    contract = deploy_wallet(chain, "OpenWallet")
    signature = wrapped(contract, encode_call("open()"), "0x" + "11" * 65)
    assert not is_signed_by(opened, contract, MESSAGE, signature)


def test_delegated_account_signs_with_its_key_and_as_its_contract(
    chain: LocalChain, opened: Chain, owner: TestWallet
) -> None:
    account = TestWallet()
    contract = deploy_wallet(chain, "OwnerWallet", ["address"], [owner.stored])
    chain.call("anvil_setCode", account.stored, "0xef0100" + contract[2:])
    assert is_signed_by(opened, account.stored, MESSAGE, account.sign(MESSAGE))
    assert is_signed_by(opened, account.stored, MESSAGE, owner.sign(MESSAGE))
    assert not is_signed_by(opened, account.stored, MESSAGE, TestWallet().sign(MESSAGE))
    assert not is_contract_wallet(opened, account.stored)
    assert is_contract_wallet(opened, contract)
    assert not is_contract_wallet(opened, TestWallet().stored)
