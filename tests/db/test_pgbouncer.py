"""PgBouncer in both modes: recognised, refused where locks cannot hold, and enough with DATABASE_DIRECT_URL."""

from __future__ import annotations

import json
import os
import signal
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import Queue
from typing import Any
from urllib.request import urlopen

import pytest

from portal.chain import open_chain
from portal.db import advisory_lock, bind_database, connection, query, release_connection, transaction
from portal.db.job_notices import JobNotices, listen_for_jobs
from portal.db.pooling import PoolingUnsupported, find_pooling, require_locks
from portal.flows.overviews.read_health import read_database
from portal.settings import Settings
from portal.visits import count_visit
from tests.factories import make_code, make_user
from tests.support.databases import close_database, execute
from tests.support.load import load, wait_until
from tests.support.pgbouncer import PROGRAM, pgbouncer
from tests.support.production import production_portal

pytestmark = [pytest.mark.slow, pytest.mark.skipif(PROGRAM is None, reason="PgBouncer is not installed")]
THREADS, TIMES = 6, 20
_END_SESSIONS = """
SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
_LISTENERS = """
SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN %'
"""
# Jobs take their lock at the direct address and write at the other one.
_JOB_TRACE = "SELECT EXISTS (SELECT FROM chain_state)"


@pytest.mark.parametrize("mode", ["session", "transaction"])
def test_the_mode_is_recognised(database: str, mode: str) -> None:
    with pgbouncer(database, mode) as url:
        assert find_pooling(url) == mode


def test_transaction_mode_alone_is_refused(database: str) -> None:
    with pgbouncer(database, "transaction") as url:
        with pytest.raises(PoolingUnsupported, match="set DATABASE_DIRECT_URL"):
            require_locks(url, "")
        with pytest.raises(PoolingUnsupported, match="DATABASE_DIRECT_URL leads through"):
            require_locks(url, url)
        require_locks(url, database)


def test_direct_url_of_another_database_is_refused(database: str) -> None:
    with (
        pgbouncer(database, "transaction") as url,
        pytest.raises(PoolingUnsupported, match="another database"),
    ):
        require_locks(url, database.rpartition("/")[0] + "/postgres")


def test_notices_to_the_schedule_pass_transaction_mode(database_url: str) -> None:
    with pgbouncer(database_url, "transaction") as url:
        bind_database(url, direct_url=database_url)
        received: Queue[str] = Queue()
        ended = threading.Event()
        try:
            listen_for_jobs(received.put, ended.is_set)
            wait_until(lambda: execute(database_url, _LISTENERS) == [(1,)])
            JobNotices().send("mint_rewards")
            assert received.get(timeout=60) == "mint_rewards"
        finally:
            ended.set()
            close_database()


def test_locks_settings_and_beacons_work_in_transaction_mode(database_url: str) -> None:
    bind_database(database_url)
    with connection():
        code = make_code(make_user()).code
    close_database()
    with pgbouncer(database_url, "transaction", sessions=2) as url:
        bind_database(url, direct_url=database_url)
        try:
            with advisory_lock("job:x") as is_locked, advisory_lock("job:x") as is_locked_twice:
                assert (is_locked, is_locked_twice) == (True, False)
            with connection():
                query("SELECT 1")
                # The sessions that follow have not seen what this connection set when it was opened.
                execute(database_url, _END_SESSIONS)
                assert _settings() == ("UTC", "15s")
            assert _at_once(lambda: count_visit(code)) == {True}
            assert execute(database_url, "SELECT visits_total FROM refcodes") == [(THREADS * TIMES,)]
        finally:
            close_database()


def test_health_check_leaves_shared_sessions_as_they_were(database_url: str) -> None:
    with pgbouncer(database_url, "transaction", sessions=1) as url:
        bind_database(url, direct_url=database_url)
        try:
            with connection():
                before = query("SHOW work_mem")
            assert read_database(open_chain(Settings(_env_file=None))).database == "ok"
            with connection():
                assert query("SHOW work_mem") == before
        finally:
            close_database()


@pytest.mark.parametrize("mode", ["session", "transaction"])
def test_two_hosts_work_and_one_takes_over(tmp_path: Path, database_url: str, mode: str) -> None:
    direct = {"DATABASE_DIRECT_URL": database_url} if mode == "transaction" else {}
    with (
        pgbouncer(database_url, mode, sessions=60) as url,
        production_portal(tmp_path / "one", url, **direct) as one,
        production_portal(tmp_path / "two", url, **direct) as two,
    ):
        with load(one.port, "/login", threads=4) as first, load(two.port, "/login", threads=4) as second:
            wait_until(lambda: min(first.answers, second.answers) > 25)
        assert not first.failures + second.failures
        wait_until(lambda: execute(database_url, _JOB_TRACE) == [(True,)])
        os.killpg(one.process.pid, signal.SIGKILL)
        execute(database_url, "DELETE FROM chain_state")
        wait_until(lambda: execute(database_url, _JOB_TRACE) == [(True,)])
        with urlopen(f"{two.url}/readyz", timeout=30, context=two.tls) as answer:
            assert json.load(answer)["status"] == "ok"
        assert "Traceback" not in two.log.read_text()


def test_production_portal_refuses_transaction_mode_alone(tmp_path: Path, database_url: str) -> None:
    with (
        pgbouncer(database_url, "transaction") as url,
        pytest.raises(AssertionError, match="set DATABASE_DIRECT_URL"),
        production_portal(tmp_path, url),
    ):
        pass


def _settings() -> tuple[str, str]:
    """Return the settings that a transaction sees on whatever shared session it gets."""
    with connection(), transaction():
        return str(query("SHOW timezone")[0][0]), str(query("SHOW lock_timeout")[0][0])


def _at_once(action: Callable[[], Any]) -> set[Any]:
    """Run an action from several threads, more than there are sessions, and return its different results."""

    def repeat() -> set[Any]:
        try:
            return {action() for _ in range(TIMES)}
        finally:
            release_connection()

    with ThreadPoolExecutor(THREADS) as threads:
        futures = [threads.submit(repeat) for _ in range(THREADS)]
        return set().union(*(each.result() for each in futures))
