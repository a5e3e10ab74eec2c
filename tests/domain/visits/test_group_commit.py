"""Group commit: requests that arrive during a write share the next one."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

import pytest

from portal.db import DatabaseAway
from portal.visits.group_commit import GroupCommit


class SlowStore:
    """A store whose writes wait for the gate and fail on demand."""

    def __init__(self) -> None:
        self.writes: list[dict[str, int]] = []
        self.started, self.gate = threading.Semaphore(0), threading.Semaphore(0)
        self.fails = False

    def write(self, counts: Mapping[str, int]) -> set[str]:
        written = dict(counts)
        self.started.release()
        assert self.gate.acquire(timeout=10)
        if self.fails:
            raise DatabaseAway
        self.writes.append(written)
        return set(written) - {"unknown"}


def wait_for_group(counter: GroupCommit, size: int) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if counter._open is not None and sum(counter._open.counts.values()) == size:
            return
        time.sleep(0.005)
    raise AssertionError("no group of this size is waiting")


def watch_looks(counter: GroupCommit) -> list[float | None]:
    """Note how long followers of the open group wait before each look at their leader, in seconds."""
    assert counter._open is not None
    looks: list[float | None] = []
    wait = counter._open.done.wait

    def note_and_wait(seconds: float | None = None) -> bool:
        looks.append(seconds)
        return wait(seconds)

    counter._open.done.wait = note_and_wait  # type: ignore[method-assign]
    return looks


def test_arrivals_during_write_share_next_write() -> None:
    store = SlowStore()
    counter = GroupCommit(store.write)
    with ThreadPoolExecutor(10) as pool:
        first = pool.submit(counter.add, "a")
        store.started.acquire(timeout=30)
        later = [pool.submit(counter.add, name) for name in "aabbbbb"]
        wait_for_group(counter, 7)
        store.gate.release()
        assert first.result(5)
        store.started.acquire(timeout=30)
        assert not any(each.done() for each in later), "answered before it was durable"
        store.gate.release()
        assert all(each.result(5) for each in later)
    assert store.writes == [{"a": 1}, {"a": 2, "b": 5}]


def test_single_arrival_does_not_wait() -> None:
    store = SlowStore()
    store.gate.release()
    assert GroupCommit(store.write).add("a")
    assert store.writes == [{"a": 1}]


def test_unknown_name_is_reported_to_its_own_visitor_only() -> None:
    store = SlowStore()
    counter = GroupCommit(store.write)
    with ThreadPoolExecutor(3) as pool:
        pool.submit(counter.add, "a")
        store.started.acquire(timeout=30)
        known, unknown = pool.submit(counter.add, "b"), pool.submit(counter.add, "unknown")
        wait_for_group(counter, 2)
        store.gate.release(2)
        assert (known.result(5), unknown.result(5)) == (True, False)


def test_failed_write_fails_its_own_group_only() -> None:
    store = SlowStore()
    counter = GroupCommit(store.write)
    with ThreadPoolExecutor(4) as pool:
        first = pool.submit(counter.add, "a")
        store.started.acquire(timeout=30)
        failing = [pool.submit(counter.add, "b") for _ in "xyz"]
        wait_for_group(counter, 3)
        store.gate.release()
        assert first.result(5)
        store.started.acquire(timeout=30)
        store.fails = True
        store.gate.release()
        for each in failing:
            with pytest.raises(DatabaseAway):
                each.result(5)
    store.fails = False
    store.gate.release()
    assert counter.add("c")
    assert store.writes == [{"a": 1}, {"c": 1}]


def test_dead_leader_does_not_block_followers() -> None:
    store = SlowStore()
    counter = GroupCommit(store.write)
    dead = threading.Thread(target=counter._join, args=("a",))
    dead.start()
    dead.join()
    looks = watch_looks(counter)
    with pytest.raises(DatabaseAway):
        counter.add("b")
    assert len(looks) == 1, "it waited longer than for its first look"
    store.gate.release()
    assert counter.add("c")
    assert store.writes == [{"c": 1}]


def test_hanging_write_times_out() -> None:
    store = SlowStore()
    counter = GroupCommit(store.write, wait_seconds=1)
    with ThreadPoolExecutor(2) as pool:
        hanging = pool.submit(counter.add, "a")
        store.started.acquire(timeout=30)
        for _ in range(2):
            with pytest.raises(DatabaseAway):
                counter.add("b")
        store.gate.release()
        assert hanging.result(5)
    assert store.writes == [{"a": 1}], "a refused write must not be written later"


@pytest.mark.slow
def test_forked_process_starts_empty() -> None:
    # After a fork during a write, the child has a locked lock that no thread will release.
    program = """
        import os, threading, time
        from portal.visits.group_commit import GroupCommit

        gate, started = threading.Event(), threading.Event()
        def write(counts):
            if os.getpid() == parent:
                started.set(); gate.wait(10)
            return set(counts)
        parent = os.getpid()
        counter = GroupCommit(write)
        threads = [threading.Thread(target=counter.add, args=("a",)) for _ in range(3)]
        for thread in threads:
            thread.start()
            started.wait(5)
        child = os.fork()
        if child == 0:
            os._exit(0 if counter.add("b") else 1)
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            pid, status = os.waitpid(child, os.WNOHANG)
            if pid:
                break
            time.sleep(0.02)
        gate.set()
        os._exit(os.waitstatus_to_exitcode(status) if pid else 2)
    """
    finished = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", textwrap.dedent(program)],
        env={**os.environ, "PYTHONPATH": os.getcwd()},
        timeout=60,
    )
    assert finished.returncode == 0
