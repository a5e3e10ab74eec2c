"""The counters of rate limits in one process: fixed windows, bounded memory, no threads."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
import time_machine

from models import Refcode
from portal.web.core.limit_counters import ProcessCounters
from tests.web.conftest import MakeApp
from tests.web.landing.test_beacon_limit import send_beacon

START = 1_800_000_000.0


@pytest.fixture
def clock() -> time_machine.Traveller:
    with time_machine.travel(START, tick=False) as traveller:
        yield traveller


def test_window_ends_after_its_seconds(clock: time_machine.Traveller) -> None:
    counters = ProcessCounters()
    assert [counters.incr("a", 60), counters.incr("a", 60), counters.incr("b", 60)] == [1, 2, 1]
    clock.shift(timedelta(seconds=59))
    assert (counters.get("a"), counters.get_expiry("a")) == (2, START + 60)
    clock.shift(timedelta(seconds=1))
    assert (counters.get("a"), counters.get_expiry("a")) == (0, START + 60)
    assert counters.incr("a", 60) == 1
    assert counters.get_expiry("a") == START + 120


def test_window_does_not_outlast_a_clock_that_is_set_back(clock: time_machine.Traveller) -> None:
    counters = ProcessCounters()
    assert [counters.incr("a", 60), counters.incr("a", 60)] == [1, 2]
    clock.shift(timedelta(hours=-1))
    assert (counters.get("a"), counters.get_expiry("a")) == (0, START - 3600)
    assert (counters.incr("a", 60), counters.get_expiry("a")) == (1, START - 3540)
    assert len(counters) == 1


def test_ended_windows_free_their_memory(clock: time_machine.Traveller) -> None:
    counters = ProcessCounters()
    for number in range(100):
        counters.incr(f"address {number}", 60)
    clock.shift(timedelta(seconds=61))
    counters.incr("a", 60)
    assert len(counters) == 1


def test_flood_of_addresses_forgets_the_oldest_windows(clock: time_machine.Traveller) -> None:
    counters = ProcessCounters(most=100)
    sizes = []
    for number in range(1000):
        counters.incr(f"address {number}", 60)
        sizes.append(len(counters))
    assert max(sizes) == 100
    assert (counters.get("address 0"), counters.get("address 999")) == (0, 1)


def test_cleared_window_begins_again(clock: time_machine.Traveller) -> None:
    counters = ProcessCounters()
    counters.incr("a", 60)
    counters.clear("a")
    assert counters.incr("a", 60) == 1
    assert (counters.reset(), counters.get("a")) == (1, 0)


def test_limited_requests_start_no_threads(
    make_app: MakeApp, code: Refcode, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = make_app().test_client()
    start, started = threading.Thread.start, []

    def record(thread: threading.Thread) -> None:
        started.append(thread)
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", record)
    client.submit("/login", {"email": "nobody@x.example", "password": "wrong-password"})
    send_beacon(client, code)
    send_beacon(client, code)
    assert [thread for thread in started if isinstance(thread, threading.Timer)] == []
