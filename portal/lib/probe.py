"""A reading that may hang, shared by all callers: read by one thread at a time and remembered for some seconds."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

Value = TypeVar("Value")


class Probe(Generic[Value]):
    """Call `read` in a thread of its own, never more than one at a time, and keep the result for `fresh_seconds`.

    `value` waits until `wait_seconds` after the reading began, then returns `overdue` until the reading ends. `read`
    returns failures as values; one that raises counts as `overdue`.
    """

    def __init__(
        self, read: Callable[[], Value], *, overdue: Value, fresh_seconds: float, wait_seconds: float
    ) -> None:
        self._read, self._overdue = read, overdue
        self._fresh_seconds, self._wait_seconds = fresh_seconds, wait_seconds
        self._lock = threading.Lock()
        self._done = threading.Event()
        self._is_reading = False
        self._started_at: float = 0
        self._ended_at: float | None = None
        self._value = overdue

    def start(self) -> None:
        """Begin a reading unless one is under way or the last result is fresh."""
        with self._lock:
            is_fresh = self._ended_at is not None and time.monotonic() - self._ended_at < self._fresh_seconds
            if self._is_reading or is_fresh:
                return
            self._is_reading, self._started_at = True, time.monotonic()
            self._done.clear()
            threading.Thread(target=self._run, name="probe", daemon=True).start()

    def value(self) -> Value:
        """Return the result, at most `fresh_seconds` old, or `overdue`."""
        self.start()
        self._done.wait(max(0, self._started_at + self._wait_seconds - time.monotonic()))
        return self._value if self._done.is_set() else self._overdue

    def _run(self) -> None:
        value = self._overdue
        try:
            value = self._read()
        finally:
            with self._lock:
                self._value, self._ended_at, self._is_reading = value, time.monotonic(), False
                self._done.set()
