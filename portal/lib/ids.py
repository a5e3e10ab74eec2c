"""Random identifiers from a cryptographic source, without bias."""

from __future__ import annotations

import secrets

# Without 0, 1, I, O and l, which are easily misread. See docs/rules/codes.md.
CODE_ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"


def random_text(length: int) -> str:
    """Return `length` independent, evenly distributed characters of the code alphabet."""
    return "".join(secrets.choice(CODE_ALPHABET) for _ in range(length))
