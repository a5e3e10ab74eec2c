"""Encrypt secrets that the portal has to read again: AES-GCM with a key derived from SECRET_KEY.

A copy of the database does not reveal them. Changing SECRET_KEY makes them unreadable.
"""

from __future__ import annotations

import hashlib
import secrets

from Crypto.Cipher import AES

from portal.lib.errors import PortalError

_NONCE, _TAG = 12, 16


class SealBroken(PortalError):
    """A sealed value cannot be decrypted: SECRET_KEY has changed, or the row was modified."""

    code = "seal_broken"


def seal(text: str, key: str, owner: int) -> bytes:
    """Return a text encrypted for one owner; copied to another account, it cannot be decrypted."""
    nonce = secrets.token_bytes(_NONCE)
    cipher = AES.new(_derive(key), AES.MODE_GCM, nonce=nonce, mac_len=_TAG)
    cipher.update(str(owner).encode())
    body, tag = cipher.encrypt_and_digest(text.encode())
    return bytes(nonce + tag + body)


def unseal(sealed: bytes | memoryview, key: str, owner: int) -> str:
    """Return the decrypted text; raise SealBroken."""
    raw = bytes(sealed)
    cipher = AES.new(_derive(key), AES.MODE_GCM, nonce=raw[:_NONCE], mac_len=_TAG)
    cipher.update(str(owner).encode())
    try:
        return cipher.decrypt_and_verify(raw[_NONCE + _TAG :], raw[_NONCE : _NONCE + _TAG]).decode()
    except ValueError:
        raise SealBroken from None


def _derive(key: str) -> bytes:
    return hashlib.blake2b(key.encode(), digest_size=32, person=b"second-factor").digest()
