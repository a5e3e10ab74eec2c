"""Contract wallets: whether they accept a signature (ERC-1271), also before their deployment (ERC-6492)."""

from __future__ import annotations

from typing import NamedTuple

from portal.chain.client import Chain
from portal.chain.contract.abi import Revert, artifact, encode_call, selector
from portal.chain.contract.codec import Undecodable, decode, encode
from portal.chain.errors import ChainAway, NodeRefused, WrongChain
from portal.chain.node.rpc import Node
from portal.db import database_now
from portal.lib.keccak import keccak

_VALID = selector("isValidSignature(bytes32,bytes)").ljust(32, b"\0")
_WRAPPED_SUFFIX = bytes.fromhex("6492" * 16)
# Code of an account whose own key still rules it (EIP-7702).
_DELEGATION_PREFIX = bytes.fromhex("ef0100")
# Nobody has the key of this caller, and no wallet treats it specially: some accept anything when the zero address or
# the precompile 0x1 calls, because gas is estimated from there.
_CALLER = "0x" + keccak(b"check of a contract wallet's signature")[12:].hex()
# Enough for a deployment and for passkeys checked in Solidity, little enough that no wallet can occupy the node.
_GAS = hex(10_000_000)


class _Wrapped(NamedTuple):
    """A signature of ERC-6492 with the call that deploys its wallet."""

    factory: str
    factory_call: bytes
    signature: bytes


def is_contract_wallet(chain: Chain, address: str) -> bool:
    """Return whether a contract is deployed at an address, False for accounts that delegate; raise ChainAway."""
    try:
        code = chain.node(database_now()).code(address)
    except (NodeRefused, WrongChain) as problem:
        raise _unchecked(problem) from None
    return bool(code) and not code.startswith(_DELEGATION_PREFIX)


def find_verdict(chain: Chain, address: str, digest: bytes, signature: bytes) -> bool | None:
    """Return whether the wallet at an address, in stored form, accepts a signature of a hash, None without a wallet.

    Raises ChainAway.
    """
    wrapped = _unwrap(signature)
    try:
        node = chain.node(database_now())
        if node.code(address):
            return _accepts(node, address, digest, wrapped.signature if wrapped else signature)
        return _accepts_once_deployed(node, address, digest, wrapped) if wrapped else None
    except (NodeRefused, WrongChain) as problem:
        raise _unchecked(problem) from None


def _unchecked(problem: Exception) -> ChainAway:
    return ChainAway(f"a contract wallet could not be checked: {problem}")


def _accepts(node: Node, address: str, digest: bytes, signature: bytes) -> bool:
    data = encode_call("isValidSignature(bytes32,bytes)", digest, signature)
    answer = node.simulate({**_call(data), "to": address})
    return not isinstance(answer, Revert) and answer[:32] == _VALID


def _accepts_once_deployed(node: Node, address: str, digest: bytes, wrapped: _Wrapped) -> bool:
    arguments = encode(
        ["address", "address", "bytes", "bytes32", "bytes"],
        [address, wrapped.factory, wrapped.factory_call, digest, wrapped.signature],
    )
    creation = bytes.fromhex(artifact("WalletCheck")["bytecode"].removeprefix("0x"))
    answer = node.simulate(_call(creation + arguments))
    return not isinstance(answer, Revert) and answer == (1).to_bytes(32, "big")


def _call(data: bytes) -> dict[str, str]:
    return {"from": _CALLER, "gas": _GAS, "data": "0x" + data.hex()}


def _unwrap(signature: bytes) -> _Wrapped | None:
    if not signature.endswith(_WRAPPED_SUFFIX):
        return None
    try:
        return _Wrapped(*decode(["address", "bytes", "bytes"], signature[:-32]))
    except Undecodable:
        return None
