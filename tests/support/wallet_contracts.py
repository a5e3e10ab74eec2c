"""Contract wallets as people use them, for local chains.

`contracts/wallets.json` is `Wallets.sol` compiled by the solc of `contracts/package.json` for cancun, optimised with
200 runs and without metadata, so the tests need no compiler.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from eth_abi.abi import encode
from eth_account.messages import encode_defunct
from eth_utils.crypto import keccak

from portal.chain.contract.abi import encode_call
from tests.support.chain_world import ADMIN
from tests.support.chains import LocalChain
from tests.support.wallets import TestWallet

SALT = b"\x07" * 32
_WRAPPED_SUFFIX = "6492" * 16


@cache
def _codes() -> dict[str, str]:
    codes: dict[str, str] = json.loads((Path(__file__).parent / "contracts" / "wallets.json").read_text())
    return codes


def deploy_wallet(chain: LocalChain, name: str, types: list[str] = [], values: list[Any] = []) -> str:  # noqa: B006
    """Deploy a contract of `Wallets.sol` with its constructor's arguments and return its address in stored form."""
    data = _codes()[name] + encode(types, values).hex()
    return str(chain.transact(**{"from": ADMIN, "data": f"0x{data}"})["contractAddress"]).lower()


def call_wallet(chain: LocalChain, to: str, signature: str, *values: object) -> None:
    """Send a transaction to a contract."""
    chain.transact(**{"from": ADMIN, "to": to, "data": "0x" + encode_call(signature, *values).hex()})


def read_word(chain: LocalChain, to: str, signature: str, *values: object) -> bytes:
    """Return the word that a contract answers a call with."""
    data = "0x" + encode_call(signature, *values).hex()
    return bytes.fromhex(chain.call("eth_call", {"to": to, "data": data}, "latest")[2:])


def personal_hash(message: str) -> bytes:
    """Return the hash that `personal_sign` signs (EIP-191)."""
    signable = encode_defunct(text=message)
    return keccak(b"\x19" + signable.version + signable.header + signable.body)


def wrapped(factory: str, factory_call: bytes, signature: str) -> str:
    """Return a signature of a wallet that is not deployed yet (ERC-6492)."""
    types = ["address", "bytes", "bytes"]
    return "0x" + encode(types, [factory, factory_call, bytes.fromhex(signature[2:])]).hex() + _WRAPPED_SUFFIX


def creation_call(owner: TestWallet) -> bytes:
    """Return the call of a `WalletFactory` that deploys the wallet of an owner."""
    return encode_call("create(address,bytes32)", owner.stored, SALT)


class Undeployed:
    """A wallet whose address is known and whose deployment is a call of a factory."""

    def __init__(self, chain: LocalChain, owner: TestWallet) -> None:
        self.factory = deploy_wallet(chain, "WalletFactory")
        word = read_word(chain, self.factory, "addressOf(address,bytes32)", owner.stored, SALT)
        self.address = "0x" + word[12:].hex()
        self.creation = creation_call(owner)

    def wrap(self, signature: str) -> str:
        """Return a signature of the owner with the deployment."""
        return wrapped(self.factory, self.creation, signature)
