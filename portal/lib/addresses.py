"""EVM addresses: stored in lower-case hex.

The EIP-55 form for display needs keccak, which the standard library lacks; see `portal.chain.checksum`.
"""

from __future__ import annotations

import re

from portal.lib.errors import PortalError

_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}\Z")


class InvalidAddress(PortalError):
    """The text is not 0x and 40 hex digits, or it is the zero address."""

    code = "address_invalid"


def canonical_address(text: str) -> str:
    """Return the stored form of an address, 0x and 40 lower-case hex digits. Raises InvalidAddress."""
    stripped = text.strip()
    if not _ADDRESS.match(stripped) or int(stripped, 16) == 0:
        raise InvalidAddress(field="address")
    return stripped.lower()


def short_address(address: str) -> str:
    """Return an address shortened for display, such as 0x1234…abcd."""
    return f"{address[:6]}…{address[-4:]}"
