"""Jobs that another process wants done now: NOTIFY reaches every schedule of the database."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from portal.chain import open_chain
from portal.db import bind_database, job_notices
from portal.db.job_notices import JobNotices
from portal.runtime import Portal
from portal.schedule import Job, run_schedule
from portal.settings import Settings
from tests.support.databases import close_database, execute
from tests.support.load import wait_until

# By the clock it would run in an hour.
SECONDS = 3600
END_LISTENERS = """
SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity
WHERE datname = current_database() AND query LIKE 'LISTEN %'
"""


@contextmanager
def schedule(url: str) -> Iterator[threading.Semaphore]:
    """Run one job in the schedule of this process and yield what counts its runs."""
    settings = Settings(_env_file=None, database_url=url)
    portal, runs = Portal(settings, open_chain(settings)), threading.Semaphore(0)
    bind_database(url)
    run_schedule([Job("tested", SECONDS, lambda _portal: runs.release(), first_seconds=SECONDS)], portal)
    try:
        yield runs
    finally:
        portal.stop_schedule(10)
        close_database()


def wait_for_listener(url: str) -> None:
    wait_until(lambda: execute(url, "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'LISTEN %'"
                                    " AND datname = current_database()") == [(1,)])  # fmt: skip


def test_notice_runs_a_job_before_its_time(database_url: str) -> None:
    with schedule(database_url) as runs:
        wait_for_listener(database_url)
        JobNotices().send("of a later version")
        JobNotices().send("tested")
        assert runs.acquire(timeout=60)


def test_lost_connection_is_replaced(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job_notices, "_PAUSE_SECONDS", 0.05)
    with schedule(database_url) as runs:
        wait_for_listener(database_url)
        assert execute(database_url, END_LISTENERS) == [(1,)]
        wait_for_listener(database_url)
        JobNotices().send("tested")
        assert runs.acquire(timeout=60)


def test_notice_without_a_database_fails_nobody() -> None:
    bind_database("postgresql://127.0.0.1:1/nothing")
    notices = JobNotices()
    notices.send("tested")
    wait_until(lambda: not notices._is_sending)
    close_database()
