"""Names of jobs that other processes shall run now: NOTIFY sends them, and a thread of each schedule listens.

A notice that is lost costs a few seconds: every job also runs by the clock.
"""

from __future__ import annotations

import select
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import psycopg2

from portal.db.connection import (
    DATABASE_ERRORS,
    KEEPALIVE,
    DatabaseAway,
    connection,
    direct_url,
    query,
    report_outage,
)
from portal.db.session_name import session_name

_CHANNEL = "ring_portal_jobs"
_LOOK_SECONDS, _PAUSE_SECONDS, _GATHER_SECONDS = 1.0, 5.0, 0.2


class JobNotices:
    """Send names of jobs from a thread of its own, so that no request waits; names that come meanwhile go together."""

    def __init__(self) -> None:
        self._names: set[str] = set()
        self._lock = threading.Lock()
        self._is_sending = False

    def send(self, job: str) -> None:
        """Have the processes of the schedule run a job now; never fails."""
        with self._lock:
            self._names.add(job)
            if self._is_sending:
                return
            self._is_sending = True
        threading.Thread(target=self._send_all, name="job-notices", daemon=True).start()

    def _send_all(self) -> None:
        while names := self._take():
            try:
                with connection():
                    for name in sorted(names):
                        query("SELECT pg_notify(%s, %s)", [_CHANNEL, name])
                # Requests of a burst wake the same job; those of this moment go together.
                time.sleep(_GATHER_SECONDS)
            except (DatabaseAway, *DATABASE_ERRORS) as error:
                report_outage(error)

    def _take(self) -> set[str]:
        with self._lock:
            names, self._names = self._names, set()
            self._is_sending = bool(names)
            return names


def listen_for_jobs(run: Callable[[str], None], is_stopping: Callable[[], bool]) -> None:
    """Call `run` with the name of each job that a process of this database wants done, in a thread of its own."""
    arguments = (run, is_stopping)
    threading.Thread(target=_listen, args=arguments, name="listen-for-jobs", daemon=True).start()


def _listen(run: Callable[[str], None], is_stopping: Callable[[], bool]) -> None:
    while not is_stopping():
        with suppress(*DATABASE_ERRORS):
            for job in _received(is_stopping):
                run(job)
        time.sleep(_PAUSE_SECONDS)


def _received(is_stopping: Callable[[], bool]) -> Iterator[str]:
    """Yield the names of jobs as they arrive; raise an error of psycopg2 when the connection is lost."""
    session: Any = psycopg2.connect(
        direct_url(), connect_timeout=5, fallback_application_name=session_name(), **KEEPALIVE
    )
    try:
        session.autocommit = True
        with session.cursor() as cursor:
            cursor.execute(f"LISTEN {_CHANNEL}")
        while not is_stopping():
            select.select([session], [], [], _LOOK_SECONDS)
            session.poll()
            while session.notifies:
                yield session.notifies.pop(0).payload
    finally:
        session.close()
