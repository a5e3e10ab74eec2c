"""Counting arrivals in the database, and what happens when the database is unavailable."""

from __future__ import annotations

import os
import random
import time
import warnings
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import date

import pytest
import time_machine

from models import PlatformVisits, Refcode, VisitDaily, VisitPast
from models import database as models_database
from portal.db import DatabaseAway, bind_database, query
from portal.db.checks import run_checks
from portal.db.own_connection import OwnConnection
from portal.visits import add_history, count_visit, platform_stats, prune_visits, stats_by_code
from portal.visits.operations import _COUNT
from tests.factories import make_code, make_user, make_visits
from tests.support.databases import execute

# Of this database only: other test processes share the server. The call waits until the backend is gone.
ENDED = """
    SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
    WHERE application_name = 'count_visits' AND datname = current_database()
"""


@pytest.fixture
def code(database: str) -> Refcode:
    return make_code(make_user("Referrer"))


def broken_invariants() -> dict[str, object]:
    return {name: rows for name, rows in run_checks().items() if "visits" in name}


def test_arrival_is_counted_everywhere_at_once(code: Refcode) -> None:
    assert count_visit(code.code)
    stored = Refcode.get_by_id(code.code)
    assert (stored.visits_total, stored.last_visit_at is not None) == (1, True)
    assert [(row.code, row.visits) for row in VisitDaily.select()] == [(code.code, 1)]
    stats, platform = stats_by_code([code.code])[code.code], platform_stats()
    for visits in (stats, platform):
        assert (visits.total, visits.today, visits.last7d, visits.last28d, visits.daily[-1][1]) == (
            1,
            1,
            1,
            1,
            1,
        )
    assert not broken_invariants()


def test_unknown_and_inactive_codes_are_recognized_in_the_same_write(code: Refcode) -> None:
    inactive = make_code(make_user("Other"), active=False)
    assert not count_visit("nosuchcd")
    assert not count_visit(inactive.code)
    assert not VisitDaily.select().exists()
    assert not PlatformVisits.select().exists()
    assert platform_stats().total == 0


@pytest.mark.system_postgres
def test_writers_of_the_same_codes_do_not_deadlock(database: str) -> None:
    owner = make_user("Referrer")
    codes = [make_code(owner).code for _ in range(12)]
    writers = [
        OwnConnection("count_visits", _COUNT, "text[], bigint[], text[], text[], bigint[]") for _ in range(6)
    ]

    def write(number: int) -> Counter[str]:
        draw, sent = random.Random(number), Counter[str]()
        for _ in range(60):
            group = {code: draw.randint(1, 3) for code in draw.sample(codes, 6)}
            names = [f"from-{number}", "shared"] * 3
            writers[number].run([list(group), list(group.values()), list(group), names, [1] * 6])
            sent.update(group)
        return sent

    with ThreadPoolExecutor(len(writers)) as pool:
        sent = sum(pool.map(write, range(len(writers))), Counter[str]())
    assert {row.code: row.visits_total for row in Refcode.select()} == sent
    assert {row.code: row.visits for row in VisitDaily.select()} == sent
    assert platform_stats().total == sum(sent.values())
    assert not broken_invariants()


@pytest.mark.slow
def test_connection_lost_while_idle_is_replaced(code: Refcode, database: str) -> None:
    assert count_visit(code.code)
    execute(database, ENDED)
    time.sleep(1.1)
    assert count_visit(code.code)
    assert Refcode.get_by_id(code.code).visits_total == 2


def test_connection_lost_in_use_fails_one_arrival(code: Refcode, database: str) -> None:
    assert count_visit(code.code)
    execute(database, ENDED)
    with pytest.raises(DatabaseAway):
        count_visit(code.code)
    assert count_visit(code.code)
    assert Refcode.get_by_id(code.code).visits_total == 2


def test_unavailable_database_is_reported_and_recovers(code: Refcode) -> None:
    bound = models_database.obj
    bind_database("postgresql://unknown:x@127.0.0.1:1/none")
    try:
        with pytest.raises(DatabaseAway):
            count_visit(code.code)
    finally:
        models_database.initialize(bound)
    assert count_visit(code.code)


def test_fork_leaves_connection_to_parent(code: Refcode) -> None:
    session = OwnConnection("which_session", "SELECT pg_backend_pid() + $1", "int")
    first = session.run([0])
    assert count_visit(code.code)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        child = os.fork()
    if child == 0:
        os._exit(0 if session.run([0]) != first and count_visit(code.code) else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert session.run([0]) == first
    assert count_visit(code.code)
    assert query("SELECT visits_total FROM refcodes") == [(3,)]


# ---------------------------------------------------------------------- windows, comparisons, pruning


def test_previous_windows(code: Refcode) -> None:
    make_visits(code, {0: 1, 1: 2, 6: 4, 7: 8, 13: 16, 14: 32, 27: 64, 28: 128, 55: 256, 56: 512})
    for visits in (stats_by_code([code.code])[code.code], platform_stats()):
        assert (visits.today, visits.last7d, visits.last28d) == (1, 7, 127)
        assert visits.previous.today == 2
        assert visits.previous.last7d == 24
        assert visits.previous.last28d == 128 + 256
        assert visits.total == 1023


def test_pruning_changes_no_statistics(code: Refcode) -> None:
    make_visits(code, {0: 1, 27: 2, 28: 4, 29: 8, 55: 16, 56: 32, 400: 64})
    before = stats_by_code([code.code]), platform_stats()
    seen: list[tuple[date, int]] = []
    assert prune_visits(lambda day, buckets: seen.append((day, buckets))) == 4
    assert len(seen) == 4
    assert seen == sorted(seen)
    assert (stats_by_code([code.code]), platform_stats()) == before
    today = before[1].daily[-1][0]
    assert {(today - row.day).days for row in VisitDaily.select()} == {0, 27, 28}
    assert {(today - row.day).days for row in VisitPast.select()} == {29, 55}
    assert Refcode.get_by_id(code.code).visits_total == 127
    assert not broken_invariants()
    assert prune_visits() == 0


def test_shards_of_past_days_are_merged(code: Refcode) -> None:
    count_visit(code.code)
    day = VisitDaily.get().day
    query("UPDATE platform_visits SET shard = 3")
    PlatformVisits.insert(day=day, shard=5, visits=0).execute()
    prune_visits()
    assert PlatformVisits.select().count() == 2, "today is still being written"
    with time_machine.travel(f"{date.fromordinal(day.toordinal() + 1)}T12:00:00+00:00", tick=False):
        prune_visits()
    assert [(row.day, row.shard, row.visits) for row in PlatformVisits.select()] == [(day, 0, 1)]


def test_imported_history_is_counted_everywhere(code: Refcode) -> None:
    make_visits(code, {0: 1})
    today = platform_stats().daily[-1][0]
    days = {date.fromordinal(today.toordinal() - back): visits for back, visits in ((0, 5), (10, 6), (99, 7))}
    add_history(code.code, 1_000_000, days)
    for visits in (stats_by_code([code.code])[code.code], platform_stats()):
        assert (visits.total, visits.today, visits.last28d) == (1_000_001, 6, 12)
    assert not broken_invariants()
