"""How many blocks a node accepts in one request for events."""

from __future__ import annotations

_RANGES_BEFORE_GROWTH = 64


class LogRange:
    """How many blocks a node accepts in one request for events: learned from its refusals, and tried again later."""

    def __init__(self, longest: int) -> None:
        self.longest = longest
        self.length = longest
        self._accepted = 0

    def accept(self, length: int, *, is_shortened: bool) -> None:
        """Record an accepted range; `is_shortened` after refusals of longer ones."""
        if is_shortened:
            self.shrink(length)
        elif length == self.length:
            self._accepted += 1
            if self._accepted >= _RANGES_BEFORE_GROWTH:
                self.length, self._accepted = min(self.longest, self.length * 2), 0

    def shrink(self, length: int) -> None:
        self.length, self._accepted = max(1, length), 0
