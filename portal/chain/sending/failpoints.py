"""Named points in a round at which fault tests interrupt it; without a listener they do nothing."""

from __future__ import annotations

from collections.abc import Callable

_listener: Callable[[str], None] | None = None


def listen(listener: Callable[[str], None] | None) -> None:
    """Call `listener` with the label of every failpoint that is reached; None removes the listener."""
    global _listener
    _listener = listener


def failpoint(label: str) -> None:
    """Report that the labelled point was reached."""
    if _listener is not None:
        _listener(label)
