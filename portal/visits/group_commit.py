"""Share one write among the requests that arrive while another write is under way.

Each request joins the open group and waits for that group's write, so nothing is answered before it is durable.
The first to join leads: it waits for the previous write, closes the group, writes once and wakes the others.
Nothing outlives its requests, so a killed process loses only what it never acknowledged.
"""

from __future__ import annotations

import os
import threading
import time
from collections import Counter
from collections.abc import Callable, Collection, Hashable, Mapping
from typing import Generic, TypeVar

from portal.db import DatabaseAway

WAIT_SECONDS = 30.0
_LOOK_SECONDS = 1.0
# While writes are shared, more requests are about to arrive: this delay lets them into the next write, as PostgreSQL's
# commit_delay does. A single request never waits.
_GATHER_SECONDS = 0.0005

Name = TypeVar("Name", bound=Hashable)


class _Group(Generic[Name]):
    """Requests that share one write: the count of each name, the leading thread, and the result."""

    def __init__(self) -> None:
        self.counts: Counter[Name] = Counter()
        self.leader = threading.current_thread()
        self.done = threading.Event()
        self.known: Collection[Name] | None = None


class GroupCommit(Generic[Name]):
    """Count names by shared writes; `write` gets {name: times} and returns the known names."""

    def __init__(
        self, write: Callable[[Mapping[Name, int]], Collection[Name]], wait_seconds: float = WAIT_SECONDS
    ) -> None:
        self._write = write
        self._wait_seconds = wait_seconds
        self._open: _Group[Name] | None = None
        self._is_busy = False
        self._reset()
        os.register_at_fork(after_in_child=self._reset)

    def add(self, name: Name) -> bool:
        """Count one arrival and return whether the name is known, once the count is durable.

        Raises DatabaseAway when the write of the group failed or took too long.
        """
        group, leads = self._join(name)
        if leads:
            self._lead(group)
        else:
            self._follow(group)
        if group.known is None:
            raise DatabaseAway
        return name in group.known

    def _join(self, name: Name) -> tuple[_Group[Name], bool]:
        with self._mutex:
            group, leads = self._open, False
            if group is None:
                group, leads = _Group(), True
                self._open = group
            group.counts[name] += 1
            return group, leads

    def _lead(self, group: _Group[Name]) -> None:
        try:
            if self._writing.acquire(timeout=self._wait_seconds):
                try:
                    if self._is_busy:
                        time.sleep(_GATHER_SECONDS)
                    self._close(group)
                    self._is_busy = group.counts.total() > 1
                    group.known = self._write(group.counts)
                finally:
                    self._writing.release()
        finally:
            self._close(group)
            group.done.set()

    def _follow(self, group: _Group[Name]) -> None:
        waited = 0.0
        while not group.done.wait(_LOOK_SECONDS):
            waited += _LOOK_SECONDS
            # A leader that died cannot wake its followers or close its group.
            if waited >= self._wait_seconds or not group.leader.is_alive():
                self._close(group)
                return

    def _close(self, group: _Group[Name]) -> None:
        """Let the next request open a new group."""
        with self._mutex:
            if self._open is group:
                self._open = None

    def _reset(self) -> None:
        """Start without waiting requests: initially, and in a forked process, which has none of the threads."""
        self._mutex, self._writing = threading.Lock(), threading.Lock()
        self._open = None
