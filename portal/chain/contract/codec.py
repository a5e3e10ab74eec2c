"""Encode and decode values of contracts by eth_abi, imported with the first value: it takes a tenth of a start."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


class Undecodable(ValueError):
    """The bytes are not values of these types."""


def encode(types: Sequence[str], values: Sequence[Any]) -> bytes:
    """Return values as a contract expects them."""
    from eth_abi.abi import encode as encode_values  # noqa: PLC0415

    return encode_values(types, values)


def decode(types: Sequence[str], data: bytes) -> tuple[Any, ...]:
    """Return the values that a contract encoded. Raises Undecodable."""
    from eth_abi.abi import decode as decode_values  # noqa: PLC0415
    from eth_abi.exceptions import DecodingError  # noqa: PLC0415

    try:
        return decode_values(types, data)
    except (DecodingError, OverflowError) as error:
        raise Undecodable(str(error)) from None
