"""How often tests of chance repeat a fault: a few times in each run, many times in `make soak`."""

from __future__ import annotations

import os


def repeats(few: int, *, many: int) -> int:
    """Return how often a test repeats what it does: `many` times in `make soak`."""
    return many if os.environ.get("PORTAL_TEST_SOAK") else few
