"""Find addresses that are not written in EIP-55."""

from __future__ import annotations

import re

from portal.chain import checksum

# Not part of a longer hexadecimal value, such as a transaction hash.
_ADDRESS = re.compile(r"(?<![0-9a-zA-Z])0x[0-9a-fA-F]{40}(?![0-9a-fA-F])")


def addresses_in(text: str) -> set[str]:
    """Return every address of a text."""
    return set(_ADDRESS.findall(text))


def not_checksummed(text: str) -> set[str]:
    """Return the addresses of a text that are not in EIP-55."""
    return {address for address in addresses_in(text) if address != checksum(address)}
