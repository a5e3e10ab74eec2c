"""Keccak-256, the hash of EVM chains. The libraries of the chain have it too, and take a tenth of a start."""

from __future__ import annotations

from Crypto.Hash import keccak as _algorithm


def keccak(data: bytes) -> bytes:
    """Return the Keccak-256 hash of some bytes."""
    return _algorithm.new(data=data, digest_bits=256).digest()
