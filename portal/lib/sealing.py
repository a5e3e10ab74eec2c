"""Encrypt secrets that the portal has to read again, AES-GCM, and hash those it only compares, by keys of one key.

That key is DATA_KEY, or SECRET_KEY without it. A copy of the database does not reveal them.
"""

from __future__ import annotations

import hashlib
import secrets
from typing import TYPE_CHECKING

from portal.lib.errors import PortalError

if TYPE_CHECKING:
    from Crypto.Cipher._mode_gcm import GcmMode

# What a sealed value is for: at most 16 bytes. Keys of different purposes are independent.
SECOND_FACTOR, STORE_SECRET, WEBHOOK_SECRET = b"second-factor", b"store-secret", b"webhook-secret"
STORE_CUSTOMER = b"store-customer"
_NONCE, _TAG = 12, 16


class SealBroken(PortalError):
    """A sealed value cannot be decrypted: the key has changed, or the row was modified."""

    code = "seal_broken"


class SecretReplaced(PortalError):
    """A secret was replaced since its page was shown: replacing it again would end the one before at once."""

    code = "secret_replaced"


def seal(text: str, key: str, owner: int, purpose: bytes = SECOND_FACTOR) -> bytes:
    """Return a text encrypted for one owner and purpose; copied to another row, it cannot be decrypted."""
    nonce = secrets.token_bytes(_NONCE)
    cipher = _cipher(nonce, key, owner, purpose)
    body, tag = cipher.encrypt_and_digest(text.encode())
    return bytes(nonce + tag + body)


def unseal(sealed: bytes | memoryview, key: str, owner: int, purpose: bytes = SECOND_FACTOR) -> str:
    """Return the decrypted text; raise SealBroken."""
    raw = bytes(sealed)
    cipher = _cipher(raw[:_NONCE], key, owner, purpose)
    try:
        return cipher.decrypt_and_verify(raw[_NONCE + _TAG :], raw[_NONCE : _NONCE + _TAG]).decode()
    except ValueError:
        raise SealBroken from None


def seal_mark(sealed: bytes | memoryview | None) -> str:
    """Return what a sealed value differs by from all others, "" for none; it reveals nothing."""
    return bytes(sealed or b"")[:_NONCE].hex()


def require_mark(sealed: bytes | memoryview | None, seen: str | None) -> None:
    """Raise SecretReplaced unless a sealed value is still the one with the mark `seen`, None for any."""
    if seen not in (None, seal_mark(sealed)):
        raise SecretReplaced


def keyed_hash(text: str, key: str, purpose: bytes) -> str:
    """Return a hash of 64 hex digits that nobody can compute or compare without the key; purposes are independent."""
    derived = hashlib.blake2b(key.encode(), digest_size=32, person=purpose).digest()
    return hashlib.blake2b(text.encode(), digest_size=32, key=derived, person=purpose).hexdigest()


def _cipher(nonce: bytes, key: str, owner: int, purpose: bytes) -> GcmMode:
    from Crypto.Cipher import AES  # noqa: PLC0415

    cipher = AES.new(_derive(key, purpose), AES.MODE_GCM, nonce=nonce, mac_len=_TAG)
    return cipher.update(str(owner).encode())


def _derive(key: str, purpose: bytes) -> bytes:
    return hashlib.blake2b(key.encode(), digest_size=32, person=purpose).digest()
