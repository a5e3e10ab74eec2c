"""Wallets that sign as people's do: keys in the test, and a contract wallet written out in EVM code."""

from __future__ import annotations

import secrets

from eth_account import Account
from eth_account.messages import encode_defunct

from tests.support.chains import LocalChain

ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141


class TestWallet:
    """A fresh key; `address` in EIP-55 form, `stored` as the portal keeps it."""

    __test__ = False

    def __init__(self) -> None:
        self._account = Account.from_key(secrets.token_bytes(32))
        self.address = str(self._account.address)
        self.stored = self.address.lower()

    def sign(self, message: str) -> str:
        """Return what `personal_sign` answers: 65 bytes with v of 27 or 28."""
        return "0x" + bytes(self._account.sign_message(encode_defunct(text=message)).signature).hex()

    def sign_hash(self, digest: bytes) -> str:
        """Return the signature of a hash as it is, without the prefix of `personal_sign`."""
        return "0x" + bytes(self._account.unsafe_sign_hash(digest).signature).hex()

    def sign_bytes(self, raw: bytes) -> str:
        return "0x" + bytes(self._account.sign_message(encode_defunct(primitive=raw)).signature).hex()


def compact(signature: str) -> str:
    """Return the 64 bytes of EIP-2098: the parity goes into the top bit of s."""
    raw = bytes.fromhex(signature[2:])
    s = int.from_bytes(raw[32:64], "big") | (raw[64] - 27) << 255
    return "0x" + (raw[:32] + s.to_bytes(32, "big")).hex()


def with_v(signature: str, v: int) -> str:
    return f"{signature[:-2]}{v:02x}"


def with_high_s(signature: str) -> str:
    """Return the other signature of the same text by the same key, which EIP-2 refuses."""
    raw = bytes.fromhex(signature[2:])
    s = ORDER - int.from_bytes(raw[32:64], "big")
    return "0x" + (raw[:32] + s.to_bytes(32, "big") + bytes([55 - raw[64]])).hex()


def contract_wallet_code(owner: str) -> str:
    """Return the code of a contract wallet of one owner: isValidSignature(hash, 65 bytes) by ecrecover.

    The call data is selector, hash at 0x04, offset, length, then r at 0x64, s at 0x84 and v at 0xa4.
    """
    return (
        "0x"
        + "".join(
            (
                "600435600052",  # memory 0x00 = hash
                "60a43560f81c602052",  # memory 0x20 = v, one byte moved to the right end of its word
                "606435604052",  # memory 0x40 = r
                "608435606052",  # memory 0x60 = s
                "6020608060806000" + "60015afa50",  # precompile 1, ecrecover: memory 0x00..0x80 -> 0x80..0xa0
                f"60805173{owner[2:]}14",  # is that the owner?
                "631626ba7e60e01b02",  # times the magic value, left-aligned in its word
                "60005260206000f3",  # return that word
            )
        )
    )


def constant_answer_code(word: str) -> str:
    """Return the code of a contract that answers every call with one word."""
    return f"0x7f{word}60005260206000f3"


def creation_code(runtime: str) -> str:
    """Return what deploys a code of less than 64 KiB: copy it from behind these twelve bytes and return it."""
    return f"0x61{len(runtime) // 2 - 1:04x}80600c6000396000f3{runtime[2:]}"


def deploy(chain: LocalChain, runtime: str) -> str:
    """Put a contract on the chain with a transaction and return its address in stored form."""
    fields = {"from": chain.call("eth_accounts")[0], "data": creation_code(runtime)}
    address: str = chain.transact(**fields)["contractAddress"]
    assert chain.call("eth_getCode", address, "latest") == runtime.lower()
    return address.lower()
