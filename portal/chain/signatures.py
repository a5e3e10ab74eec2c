"""Verify signatures of accounts (EIP-191, EIP-2098) and of contract wallets (EIP-1271)."""

from __future__ import annotations

from eth_account import Account
from eth_account.messages import SignableMessage, encode_defunct
from eth_keys.exceptions import BadSignature
from eth_utils.crypto import keccak

from portal.chain.client import AnyChain, Chain
from portal.chain.contract.abi import Revert, encode_call
from portal.chain.errors import ChainAway, ContractWalletUnchecked, NodeRefused, WrongChain
from portal.chain.sending.leadership import database_now

_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
_LONGEST = 4096
# bytes4(keccak256("isValidSignature(bytes32,bytes)")), padded to a word.
_MAGIC_WORD = bytes.fromhex("1626ba7e").ljust(32, b"\0")


def is_signed_by(chain: AnyChain, address: str, message: str, signature: str) -> bool:
    """Return whether an address, in stored form, signed a text with `personal_sign`.

    A contract wallet is checked on the configured chain. Raises ChainAway if that is not possible now, and
    ContractWalletUnchecked if only a contract can have made the signature and no chain is configured.
    """
    raw, signable = _bytes(signature), encode_defunct(text=message)
    if not raw:
        return False
    # Nobody holds the key of a contract's address, so a signature that recovers to it is the account's own.
    if recover_signer(signable, raw) == address:
        return True
    if not isinstance(chain, Chain):
        if len(raw) in (64, 65):
            return False
        raise ContractWalletUnchecked
    return _contract_agrees(chain, address, signable, raw)


def recover_signer(message: SignableMessage, signature: bytes) -> str | None:
    """Return the stored form of the address whose key signed, None when no key could have.

    Takes 65 bytes with v of 27, 28, 0 or 1 and 64 bytes of EIP-2098. A high s is refused: it is the same signature
    written in another way (EIP-2).
    """
    parts = _split(signature)
    if parts is None:
        return None
    try:
        return str(Account.recover_message(message, vrs=parts)).lower()
    except (BadSignature, ValueError):
        return None


def _split(signature: bytes) -> tuple[int, int, int] | None:
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:64], "big")
    if len(signature) == 64:
        v, s = 27 + (s >> 255), s & (1 << 255) - 1
    elif len(signature) == 65:
        v = signature[64] + 27 if signature[64] in (0, 1) else signature[64]
    else:
        return None
    if v not in (27, 28) or not 0 < r < _ORDER or not 0 < s <= _ORDER // 2:
        return None
    return v, r, s


def _contract_agrees(chain: Chain, address: str, message: SignableMessage, signature: bytes) -> bool:
    digest = keccak(b"\x19" + message.version + message.header + message.body)
    try:
        node = chain.node(database_now())
        if not node.code(address):
            return False
        call = encode_call("isValidSignature(bytes32,bytes)", digest, signature)
        answer = node.eth_call(address, call)
    except (NodeRefused, WrongChain) as problem:
        raise ChainAway(f"a contract wallet could not be checked: {problem}") from None
    return not isinstance(answer, Revert) and answer == _MAGIC_WORD


def _bytes(text: str) -> bytes:
    if not text.startswith("0x") or len(text) > 2 + 2 * _LONGEST:
        return b""
    try:
        return bytes.fromhex(text[2:]) if text.isascii() and text[2:].isalnum() else b""
    except ValueError:
        return b""
