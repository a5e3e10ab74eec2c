"""The operator's key: only the process that mints loads it, and nothing prints it."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from portal.chain.errors import KeyUnusable
from portal.lib.addresses import to_checksum_address
from portal.lib.types import Address, TxHash
from portal.settings import Settings

if TYPE_CHECKING:
    from eth_account import Account
    from eth_account.signers.local import LocalAccount


@dataclass(frozen=True)
class Signed:
    """A signed transaction and its hash."""

    raw: bytes
    tx_hash: TxHash


class OperatorKey:
    """Sign for one account; the text form shows the address only."""

    def __init__(self, key: bytes) -> None:
        """Hold a private key of 32 bytes. Raises ValidationError of eth_keys."""
        # Small; eth_account, which signs, takes a fifth of a start and is imported with the first signature.
        from eth_keys.datatypes import PrivateKey  # noqa: PLC0415

        self.__account: Callable[[], LocalAccount] = cache(lambda: _library().from_key(key))
        self.address = Address(PrivateKey(key).public_key.to_address())

    @classmethod
    def from_private_key(cls, private_key: str) -> OperatorKey:
        """Return the key of a hexadecimal private key; raise KeyUnusable, whose text does not contain it."""
        try:
            return cls(bytes.fromhex(private_key.removeprefix("0x")))
        except Exception:
            raise KeyUnusable("The private key is not 64 hex digits of a valid key.") from None

    def sign(self, fields: dict[str, Any]) -> Signed:
        """Sign a transaction given as JSON-RPC fields with integers."""
        to: dict[str, Any] = {"to": to_checksum_address(fields["to"])} if "to" in fields else {}
        signed = self.__account().sign_transaction({**fields, **to})
        return Signed(bytes(signed.raw_transaction), TxHash("0x" + bytes(signed.hash).hex()))

    def __repr__(self) -> str:
        return f"OperatorKey({to_checksum_address(self.address)})"

    def __reduce__(self) -> Any:
        raise TypeError("an operator key cannot be pickled")


def load_operator_key(settings: Settings) -> OperatorKey | None:
    """Return the minter's key from the environment or the encrypted keystore, None when neither is set.

    Raises KeyUnusable when the keystore cannot be read or its password is wrong.
    """
    raw = settings.referral_minter_private_key.get_secret_value()
    if raw:
        return OperatorKey.from_private_key(raw)
    if settings.referral_minter_keystore is None:
        return None
    password = settings.referral_minter_keystore_password.get_secret_value()
    try:
        keystore = json.loads(settings.referral_minter_keystore.read_text())
        return OperatorKey(bytes(_library().decrypt(keystore, password)))
    except Exception as error:
        # The cause may quote the file, so the message names only its type.
        raise KeyUnusable(f"The minter's keystore cannot be opened ({type(error).__name__}).") from None


def create_keystore(path: Path, password: str, private_key: str | None) -> Address:
    """Write a new key, or this one, to an encrypted keystore that only its owner may read, and return the address.

    Raises KeyUnusable when the file exists or cannot be written, or the key is malformed.
    """
    if os.path.lexists(path):
        raise KeyUnusable(f"{path} exists already; a keystore is never overwritten.")
    try:
        account = _library().from_key(private_key) if private_key else _library().create()
    except Exception:
        raise KeyUnusable("The private key is not 64 hex digits of a valid key.") from None
    keystore = json.dumps(_library().encrypt(account.key, password))
    _write_new(path, keystore)
    return Address(str(account.address).lower())


def _library() -> type[Account]:
    """Return the API of eth_account, imported when a key signs."""
    from eth_account import Account  # noqa: PLC0415

    return Account


def _write_new(path: Path, text: str) -> None:
    """Write a file of mode 0600 that must not exist; leave nothing if it cannot be written completely."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise KeyUnusable(f"{path} exists already; a keystore is never overwritten.") from None
    except OSError as error:
        raise KeyUnusable(f"{path} cannot be written: {error.strerror}.") from None
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        with contextlib.suppress(OSError):
            path.unlink()
        raise KeyUnusable(f"{path} cannot be written: {error.strerror}.") from None
