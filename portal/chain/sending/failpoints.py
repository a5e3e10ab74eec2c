"""Named points of the sender's round, inert unless a fault test listens."""

from __future__ import annotations

from collections.abc import Callable

_listener: Callable[[str], None] | None = None


def listen(listener: Callable[[str], None] | None) -> None:
    """Call `listener` with the name of every point passed from now on; None stops it."""
    global _listener
    _listener = listener


def passed(label: str) -> None:
    """Say that a point of the round was passed."""
    if _listener is not None:
        _listener(label)
