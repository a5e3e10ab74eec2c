"""The account whose key signed a text (EIP-191, EIP-2098)."""

from __future__ import annotations

from eth_account import Account
from eth_account.messages import SignableMessage, encode_defunct
from eth_keys.exceptions import BadSignature

_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141


def encode_text(text: str) -> SignableMessage:
    """Return a text as `personal_sign` signs it."""
    return encode_defunct(text=text)


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
