"""EVM addresses: stored in lower-case hex, checked by their EIP-55 letters where they are typed."""

from __future__ import annotations

import re

from eth_utils.address import to_checksum_address

from portal.lib.errors import PortalError

_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}\Z")


class InvalidAddress(PortalError):
    """The text is not 0x and 40 hex digits, or it is the zero address."""

    code = "address_invalid"


class AddressChecksumWrong(InvalidAddress):
    """Upper and lower case of the hex digits contradict EIP-55: the address was probably mistyped."""

    code = "address_checksum_wrong"


def canonical_address(text: str) -> str:
    """Return the stored form of an address, 0x and 40 lower-case hex digits.

    Digits of both cases are a checksum. Raises InvalidAddress, or AddressChecksumWrong where it does not match.
    """
    stripped = text.strip()
    if not _ADDRESS.match(stripped) or int(stripped, 16) == 0:
        raise InvalidAddress(field="address")
    digits = stripped[2:]
    if digits not in (digits.lower(), digits.upper()) and to_checksum_address(stripped) != stripped:
        raise AddressChecksumWrong(field="address")
    return stripped.lower()


def short_address(address: str) -> str:
    """Return an address shortened for display, such as 0x1234…abcd."""
    return f"{address[:6]}…{address[-4:]}"
