"""EVM addresses: stored in lower-case hex, checked by their EIP-55 letters where they are typed."""

from __future__ import annotations

import re
from collections.abc import Collection

from portal.lib.errors import PortalError
from portal.lib.keccak import keccak
from portal.lib.texts import trim

_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}\Z")
# A text that was probably meant as an address, valid or not.
LIKE_ADDRESS = re.compile(r"0[xX][0-9a-zA-Z]{30,}|[0-9a-fA-F]{40}")
# Precompiles of Ethereum and of Polygon (0x100), the system contracts of Polygon, and 0x…dEaD.
_SYSTEM = {*range(0x12), 0x100, 0x1000, 0x1001, 0x1010, 0xDEAD}
# Placeholders for burning, for a network's own coin and for "no address".
_PLACEHOLDERS = {"0x" + "ee" * 20, "0x" + "ff" * 20, "0x" + "dead" * 10}


class InvalidAddress(PortalError):
    """The text is not 0x and 40 hex digits, or it is the zero address."""

    code = "address_invalid"


class AddressChecksumWrong(InvalidAddress):
    """Upper and lower case of the hex digits contradict EIP-55: the address was probably mistyped."""

    code = "address_checksum_wrong"


class AddressReserved(PortalError):
    """Nobody has the key of the address: a precompile, a system contract or a placeholder."""

    code = "address_reserved"


class PayeeIsContract(PortalError):
    """The payee is a contract, a token or an account of this portal, which could never spend what it receives."""

    code = "payee_is_contract"


def canonical_address(text: str, field: str = "address") -> str:
    """Return the stored form of an address, 0x and 40 lower-case hex digits.

    Digits of both cases are a checksum. Raises InvalidAddress, or AddressChecksumWrong where it does not match.
    """
    stripped = trim(text)
    if not _ADDRESS.match(stripped) or int(stripped, 16) == 0:
        raise InvalidAddress(field=field)
    digits = stripped[2:]
    if digits not in (digits.lower(), digits.upper()) and to_checksum_address(stripped) != stripped:
        raise AddressChecksumWrong(field=field)
    return stripped.lower()


def to_checksum_address(address: str) -> str:
    """Return an address with the letters of EIP-55. Raises InvalidAddress."""
    if not _ADDRESS.match(address):
        raise InvalidAddress(field="address")
    digits = address[2:].lower()
    marks = keccak(digits.encode()).hex()
    return "0x" + "".join(
        digit.upper() if mark > "7" else digit for digit, mark in zip(digits, marks, strict=False)
    )


def is_reserved_address(stored: str) -> bool:
    """Return whether nobody can have the key of an address in stored form."""
    return int(stored, 16) in _SYSTEM or stored in _PLACEHOLDERS


def require_payee(stored: str, own: Collection[str], field: str) -> None:
    """Raise AddressReserved or PayeeIsContract where an address in stored form must not be paid.

    `own` holds the contracts, tokens and accounts of the portal.
    """
    if is_reserved_address(stored):
        raise AddressReserved(field=field)
    if stored in own:
        raise PayeeIsContract(field=field)


def short_address(address: str) -> str:
    """Return an address shortened for display, such as 0x1234…abcd."""
    return f"{address[:6]}…{address[-4:]}"
