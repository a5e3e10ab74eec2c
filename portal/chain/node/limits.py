"""Bounds on waiting for a node, and pauses for one that fails.

A node that fails is left alone for a second, after each further failure twice as long, up to 30 seconds, or as long
as it asks for; an answer ends that. Within `limited_node_calls` each call has a few seconds, all calls together too,
and few threads wait for one node, so that a node which never answers does not hold the threads of web requests. A
call that timed out there says nothing about jobs, which wait longer: it pauses such calls only.
"""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 1.0, 30.0
_LONGEST_RETRY_AFTER_SECONDS = 300.0
_SILENCE_SECONDS = 5.0
_THREADS_PER_NODE = 4
_TURN_SECONDS = 0.25


class NodeNotAsked(Exception):
    """The node was not called: it failed before, or the time or the threads for it are used up."""


@dataclass(frozen=True)
class _Limits:
    call_seconds: float
    ends_at: float

    def seconds_left(self) -> float:
        return min(self.call_seconds, self.ends_at - time.monotonic())


@dataclass(frozen=True)
class _Pause:
    """Failures in a row, and until when nobody or no limited call waits for the node; monotonic seconds."""

    failures: int = 0
    until: float = 0.0
    limited_until: float = 0.0


_limits: ContextVar[_Limits | None] = ContextVar("node_limits", default=None)
_lock = threading.Lock()
_pauses: dict[str, _Pause] = {}
_turns: defaultdict[str, threading.BoundedSemaphore] = defaultdict(
    lambda: threading.BoundedSemaphore(_THREADS_PER_NODE)
)


@contextmanager
def limited_node_calls(*, call_seconds: float, total_seconds: float) -> Iterator[None]:
    """Limit the waiting of this thread for nodes within the block, per call and in total."""
    token = _limits.set(_Limits(call_seconds, time.monotonic() + total_seconds))
    try:
        yield
    finally:
        _limits.reset(token)


@contextmanager
def admit_call(url: str, default_seconds: float) -> Iterator[float]:
    """Yield the seconds that a call of a node may take; raise NodeNotAsked."""
    limits = _limits.get()
    _require_no_pause(url)
    if limits is None:
        yield default_seconds
        return
    if not _turns[url].acquire(timeout=max(0, min(_TURN_SECONDS, limits.seconds_left()))):
        raise NodeNotAsked("other requests wait for it")
    try:
        _require_no_pause(url)
        with _note_silence(url, limits) as seconds:
            yield seconds
    finally:
        _turns[url].release()


def record_failure(url: str, *, is_timeout: bool = False, retry_after: float | None = None) -> None:
    """Pause the calls of a node that failed; `retry_after` in seconds is its own wish, up to five minutes."""
    if is_timeout and _limits.get() is not None:
        return
    now = time.monotonic()
    requested = now + min(retry_after or 0, _LONGEST_RETRY_AFTER_SECONDS)
    with _lock:
        pause = _pauses.get(url, _Pause())
        failures, until = pause.failures, pause.until
        if now >= until:
            # Calls that began before a pause and fail within it are the same failure.
            until = now + min(_FIRST_PAUSE_SECONDS * 2 ** min(failures, 10), _LONGEST_PAUSE_SECONDS)
            failures += 1
        _pauses[url] = _Pause(failures, max(until, requested), pause.limited_until)


def record_answer(url: str) -> None:
    """End the pauses of a node that answers."""
    if url in _pauses:
        with _lock:
            _pauses.pop(url, None)


def forget_failures() -> None:
    """Call every node again, whether or not it failed."""
    _pauses.clear()


def pause_seconds(url: str) -> float:
    """Return for how many seconds a node will not be called, 0 if it may be called now."""
    pause = _pauses.get(url, _Pause())
    until = pause.until if _limits.get() is None else max(pause.until, pause.limited_until)
    return max(0.0, until - time.monotonic())


def _require_no_pause(url: str) -> None:
    if pause_seconds(url) > 0:
        raise NodeNotAsked("it failed some seconds ago")


@contextmanager
def _note_silence(url: str, limits: _Limits) -> Iterator[float]:
    seconds, started_at = limits.seconds_left(), time.monotonic()
    if seconds <= 0:
        raise NodeNotAsked("the time of this request is used up")
    try:
        yield seconds
    except Exception:
        if time.monotonic() - started_at >= limits.call_seconds:
            with _lock:
                pause = _pauses.get(url, _Pause())
                silent_until = time.monotonic() + _SILENCE_SECONDS
                _pauses[url] = _Pause(pause.failures, pause.until, silent_until)
        raise
