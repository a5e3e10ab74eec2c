"""The operator's key: only the process that mints loads it, and nothing prints it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from eth_account import Account
from eth_account.signers.local import LocalAccount
from eth_utils.address import to_checksum_address

from portal.chain.errors import KeyUnusable
from portal.lib.types import Address, TxHash
from portal.settings import Settings


@dataclass(frozen=True)
class Signed:
    """A signed transaction and its hash."""

    raw: bytes
    tx_hash: TxHash


class OperatorKey:
    """Sign for one account; the text form shows the address only."""

    def __init__(self, account: LocalAccount) -> None:
        self.__account = account
        self.address = Address(str(account.address).lower())

    @classmethod
    def from_private_key(cls, private_key: str) -> OperatorKey:
        """Return the key of a hexadecimal private key; raise KeyUnusable, whose text does not contain it."""
        try:
            return cls(Account.from_key(private_key))
        except Exception:
            raise KeyUnusable("The private key is not 64 hex digits of a valid key.") from None

    def sign(self, fields: dict[str, Any]) -> Signed:
        """Sign a transaction given as JSON-RPC fields with integers."""
        to = {"to": to_checksum_address(fields["to"])} if "to" in fields else {}
        signed = self.__account.sign_transaction({**fields, **to})
        return Signed(bytes(signed.raw_transaction), TxHash("0x" + bytes(signed.hash).hex()))

    def __repr__(self) -> str:
        return f"OperatorKey({self.address})"

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
        return OperatorKey(Account.from_key(Account.decrypt(keystore, password)))
    except Exception as error:
        # The cause may quote the file, so the message names only its type.
        raise KeyUnusable(f"The minter's keystore cannot be opened ({type(error).__name__}).") from None
