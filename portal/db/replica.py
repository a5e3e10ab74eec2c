"""Reads that may lag: from a replica while it is provably no more than some seconds behind, else from the primary."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from models import database
from portal.db.bounded_connection import bounded_connection
from portal.db.connection import DATABASE_ERRORS, POOL, DatabaseAway, PortalDatabase, current_url

# How long an answer about the lag is used, and how long the servers may take for it.
_KEPT_SECONDS, _ANSWER_SECONDS = 1.0, 1.0
_SAMPLES = 120
# A replica has applied the position of the first look at the second one.
_LOOKS = 3
_PRIMARY = "SELECT (pg_current_wal_flush_lsn() - '0/0'::pg_lsn)::bigint"
# A server that is no replica may be an earlier primary that nobody writes to.
_REPLICA = "SELECT (pg_last_wal_replay_lsn() - '0/0'::pg_lsn)::bigint WHERE pg_is_in_recovery()"


class LagMonitor:
    """Compare what the primary had written at known times with what the replica has applied.

    A replica that has applied the position of a moment is behind by no more than the time since that moment.
    """

    def __init__(self, url: str, max_seconds: int) -> None:
        self.url, self._max_seconds = url, max_seconds
        self._lock = threading.Lock()
        self._samples: deque[tuple[float, int]] = deque(maxlen=_SAMPLES)
        self._next_check = 0.0
        self._is_current = False

    def is_current(self) -> bool:
        """Return whether the replica was at most `max_seconds` behind within the last second."""
        # One thread checks; the others use the last answer.
        if time.monotonic() >= self._next_check and self._lock.acquire(blocking=False):
            try:
                self._is_current = self._check()
                self._next_check = time.monotonic() + _KEPT_SECONDS
            finally:
                self._lock.release()
        return self._is_current

    def distrust(self) -> None:
        """Use the primary until the next check: the replica has just failed."""
        self._is_current, self._next_check = False, time.monotonic() + _KEPT_SECONDS

    def _check(self) -> bool:
        try:
            began_at = time.monotonic()
            with bounded_connection(current_url(), _ANSWER_SECONDS) as primary:
                self._samples.append((began_at, int(primary.query(_PRIMARY)[0][0])))
            with bounded_connection(self.url, _ANSWER_SECONDS) as replica:
                rows = replica.query(_REPLICA)
        except DatabaseAway:
            return False
        applied = int(rows[0][0] or 0) if rows else 0
        reached = [moment for moment, position in self._samples if position <= applied]
        return bool(reached) and time.monotonic() - max(reached) <= self._max_seconds - _KEPT_SECONDS


def is_replica_usable(url: str, max_seconds: int) -> bool:
    """Return whether a server is a replica of the bound database and at most `max_seconds` behind; may take seconds."""
    monitor = LagMonitor(url, max_seconds)
    for _ in range(_LOOKS):
        if monitor.is_current():
            return True
        time.sleep(_KEPT_SECONDS)
    return False


class Replica:
    """The replica of the bound database: its pool of connections and its lag."""

    def __init__(self, url: str, max_seconds: int) -> None:
        self.lag = LagMonitor(url, max_seconds)
        self.pool: Any = PortalDatabase(lambda: url, **POOL)


def bind_replica(url: str, max_seconds: int) -> None:
    """Let reads that may lag use a replica of the bound database while it is at most `max_seconds` behind."""
    database.obj.replica = Replica(url, max_seconds) if url else None


@contextmanager
def reads_may_lag() -> Iterator[None]:
    """Read from the replica in the block, if one is configured and not too far behind; nothing can be written there.

    A block inside a transaction, or inside another such block, changes nothing. If the replica fails within the block,
    its error is raised and the next block uses the primary.
    """
    replica = _usable_replica()
    if replica is None:
        yield
        return
    _thread.is_reading = True
    try:
        with database.instead(replica.pool.connection()):
            yield
    except DATABASE_ERRORS:
        replica.lag.distrust()
        raise
    finally:
        _thread.is_reading = False
        with suppress(*DATABASE_ERRORS):
            replica.pool.close()


def _usable_replica() -> Replica | None:
    """Return the replica with a connection for this thread, None where the primary is to be read."""
    replica: Replica | None = database.replica
    if replica is None or _thread.is_reading or database.in_transaction() or not replica.lag.is_current():
        return None
    try:
        replica.pool.connect(reuse_if_open=True)
    except DATABASE_ERRORS:
        replica.lag.distrust()
        return None
    return replica


def reading_url() -> str:
    """Return the address for readings on a connection of their own that may lag."""
    replica: Replica | None = database.replica
    return replica.lag.url if replica is not None and replica.lag.is_current() else current_url()


class _Thread(threading.local):
    is_reading = False


_thread = _Thread()
