"""What begins a transaction or a savepoint is sent with its first statement, and undone like any other."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from peewee import DataError

from portal.db import connection, query, release_connection, transaction
from portal.db.late import LateStatements
from tests.support.repeats import repeats

Plan = list[Any]


@pytest.fixture
def table(database: str) -> Iterator[str]:
    query("CREATE TEMP TABLE late_rows (n bigint, text text)")
    yield "late_rows"
    query("DROP TABLE late_rows")


@contextmanager
def sent_statements(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Yield what is sent to the server in the block, one text for each round trip."""
    sent: list[str] = []
    run = LateStatements.__mro__[1]._execute_cursor
    end = LateStatements.__mro__[1].commit, LateStatements.__mro__[1].rollback

    def record(self: Any, sql: str, *arguments: Any, **options: Any) -> Any:
        sent.append(sql)
        return run(self, sql, *arguments, **options)

    with monkeypatch.context() as patch:
        patch.setattr(LateStatements.__mro__[1], "_execute_cursor", record)
        for name, method in zip(("commit", "rollback"), end, strict=True):
            patch.setattr(
                LateStatements.__mro__[1],
                name,
                lambda self, name=name, method=method: (sent.append(name), method(self)),
            )
        yield sent


def insert(number: int) -> None:
    query("INSERT INTO late_rows VALUES (%s, '')", [number])


def rows() -> list[int]:
    return [number for (number,) in query("SELECT n FROM late_rows ORDER BY n")]


def test_transaction_and_savepoint_cost_no_round_trips(table: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with sent_statements(monkeypatch) as sent:
        with transaction(), transaction():
            insert(1)
        with transaction(), transaction():
            pass
    (first, second) = sent
    assert first.startswith("BEGIN; SAVEPOINT ")
    assert first.count(";") == 2
    assert second == "commit"
    assert rows() == [1]


def test_text_that_python_refuses_undoes_its_savepoint_only(table: str) -> None:
    with transaction():
        with pytest.raises(ValueError, match="NUL"), transaction():
            query("INSERT INTO late_rows VALUES (1, %s)", ["\x00"])
        insert(2)
        with pytest.raises(ValueError, match="NUL"), transaction():
            query("INSERT INTO late_rows VALUES (3, ''); SELECT %s", ["\x00"])
    assert rows() == [2]


def test_statement_that_the_server_refuses_undoes_its_savepoint_only(table: str) -> None:
    with transaction():
        with pytest.raises(DataError), transaction():
            query("INSERT INTO late_rows VALUES (1 / 0, '')")
        insert(2)
    assert rows() == [2]
    with pytest.raises(DataError), transaction():
        query("SELECT 1 / 0")
    insert(3)
    assert rows() == [2, 3]


def test_any_nesting_leaves_the_rows_of_what_did_not_fail(table: str) -> None:
    chance = random.Random(3)
    for _ in range(repeats(200, many=5_000)):
        plan = make_plan(chance, depth=4)
        query("DELETE FROM late_rows")
        with transaction():
            expected = play(plan)
        assert rows() == sorted(expected), plan


def make_plan(chance: random.Random, depth: int) -> Plan:
    """Return what a transaction does: rows, failures of both kinds at its end, and transactions inside of it."""
    steps: Plan = [
        make_plan(chance, depth - 1) if depth and chance.random() < 0.5 else chance.randrange(10**9)
        for _ in range(chance.randrange(4))
    ]
    return [*steps, *chance.choice([[], [], ["server"], ["python"], ["block"]])] if depth < 4 else steps


def play(plan: Plan) -> list[int]:
    """Make a plan in the present transaction and return the rows that stay."""
    stay: list[int] = []
    for step in plan:
        if isinstance(step, list):
            try:
                with transaction():
                    inner = play(step)
                stay += inner
            except (DataError, ValueError):
                pass
        elif isinstance(step, int):
            insert(step)
            stay.append(step)
        else:
            fail(step)
    return stay


def fail(kind: str) -> None:
    if kind == "server":
        query("SELECT 1 / 0")
    if kind == "python":
        query("SELECT %s", ["\x00"])
    raise ValueError(kind)


def test_connection_lost_in_a_transaction_is_reported_and_replaced(database: str) -> None:
    with pytest.raises(Exception, match=r"terminat|closed"), transaction():
        query("SELECT pg_terminate_backend(pg_backend_pid())")
    release_connection()
    with connection(), transaction():
        assert query("SELECT 1") == [(1,)]
