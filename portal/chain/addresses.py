"""Addresses as they leave the portal: EIP-55, whatever form they are stored in."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any, overload

from portal.lib.addresses import to_checksum_address

_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}")


@overload
def checksummed(text: str) -> str: ...
@overload
def checksummed(text: None) -> None: ...
def checksummed(text: str | None) -> str | None:
    """Return an address in EIP-55; anything else, as imported history may hold it, unchanged."""
    return _checksummed(text) if text else text


def checksummed_values(value: Any) -> Any:
    """Return a value of JSON in which every text that is an address is in EIP-55."""
    if isinstance(value, dict):
        return {name: checksummed_values(each) for name, each in value.items()}
    if isinstance(value, list):
        return [checksummed_values(each) for each in value]
    return checksummed(value) if isinstance(value, str) else value


@lru_cache(maxsize=4096)
def _checksummed(text: str) -> str:
    # A hash of the address for each: lists repeat the wallets of referrers.
    return to_checksum_address(text) if _ADDRESS.fullmatch(text) else text
