"""Random identifiers drawn without bias from a cryptographic source."""

from __future__ import annotations

import secrets

# SPEC section 3: no 0, 1, I, O or l, which people misread.
CODE_ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"


def random_text(length: int) -> str:
    """Return `length` characters of the code alphabet, each drawn independently and evenly."""
    return "".join(secrets.choice(CODE_ALPHABET) for _ in range(length))
