"""EVM addresses: lower-case hex is the one stored form.

EIP-55 display needs keccak, which the standard library lacks: `portal.chain` shows it.
"""

from __future__ import annotations

import re

from portal.lib.errors import PortalError

_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}\Z")


class InvalidAddress(PortalError):
    """The text is not 0x and 40 hex digits, or is the zero address."""

    code = "address_invalid"


def canonical_address(text: str) -> str:
    """Return the stored form of an address: 0x and 40 lower-case hex digits (SPEC section 3)."""
    stripped = text.strip()
    if not _ADDRESS.match(stripped) or int(stripped, 16) == 0:
        raise InvalidAddress(field="address")
    return stripped.lower()


def short_address(address: str) -> str:
    """Return an address shortened for display, such as 0x1234…abcd."""
    return f"{address[:6]}…{address[-4:]}"
