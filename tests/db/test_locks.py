"""A session lock has its own connection, independent of the application's."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest
from flask import Flask

from portal.chain import lead, open_chain
from portal.db import advisory_lock, connection, locks, query, release_connection
from portal.db.locks import lock_session
from portal.runtime import Portal
from portal.schedule import Job, run_job
from portal.settings import Settings

LOCK = "job:probe"


def is_free(name: str) -> bool:
    with lock_session(name) as session:
        return session is not None


@contextmanager
def idle_connection_in_use() -> Iterator[None]:
    """Take the idle pooled connection in another thread, so that this thread's next query opens a new one."""
    taken, done = threading.Event(), threading.Event()

    def take() -> None:
        with connection():
            query("SELECT 1")
            taken.set()
            done.wait(30)

    thread = threading.Thread(target=take)
    thread.start()
    assert taken.wait(30)
    try:
        yield
    finally:
        done.set()
        thread.join()


def test_second_session_does_not_get_the_lock(database: str) -> None:
    with advisory_lock(LOCK) as first:
        assert first
        with advisory_lock(LOCK) as second:
            assert not second
        assert not is_free(LOCK)
    assert is_free(LOCK)


def test_lock_survives_release_of_the_applications_connection(database: str) -> None:
    with ExitStack() as others:
        with advisory_lock(LOCK) as is_locked:
            assert is_locked
            query("SELECT 1")
            release_connection()
            others.enter_context(idle_connection_in_use())
            query("SELECT 1")
            assert not is_free(LOCK)
        assert is_free(LOCK)


def test_leader_survives_release_of_the_applications_connection(database: str) -> None:
    with lead("probe") as leader:
        assert leader
        release_connection()
        with idle_connection_in_use(), connection(), leader.writing():
            assert not is_free("probe")
    assert is_free("probe")


def test_job_keeps_its_lock_through_an_application_context(database: str) -> None:
    app = Flask(__name__)
    app.teardown_appcontext(lambda _error: release_connection())
    free_during_job: list[bool] = []
    release_connection()
    with ExitStack() as others:

        def run(_portal: Portal) -> None:
            query("SELECT 1")
            with app.app_context():
                query("SELECT 1")
            others.enter_context(idle_connection_in_use())
            query("SELECT 1")
            free_during_job.append(is_free(LOCK))

        settings = Settings(_env_file=None)
        run_job(Job("probe", 1, run), Portal(settings, open_chain(settings)))
        assert free_during_job == [False]
        assert is_free(LOCK)


@contextmanager
def process_with_lock() -> Iterator[int]:
    """Yield the id of another process that holds the lock."""
    ready, said = os.pipe()
    if (pid := os.fork()) == 0:
        try:
            with lock_session(LOCK) as session:
                os.write(said, b"1" if session else b"0")
                time.sleep(60)
        finally:
            os._exit(0)
    try:
        assert os.read(ready, 1) == b"1"
        yield pid
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        os.close(ready)
        os.close(said)


def test_lock_of_a_paused_process_becomes_free(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locks, "_LONGEST_PAUSE", "1s")
    monkeypatch.setattr(locks, "_ALIVE_SECONDS", 0.2)
    with process_with_lock() as pid:
        time.sleep(1.5)
        assert not is_free(LOCK)
        os.kill(pid, signal.SIGSTOP)
        deadline = time.monotonic() + 10
        while not is_free(LOCK):
            assert time.monotonic() < deadline
            time.sleep(0.1)


def test_lock_ends_when_its_server_no_longer_acknowledges(database: str) -> None:
    with lock_session(LOCK) as session:
        assert session.info.dsn_parameters["tcp_user_timeout"] == "10000"
