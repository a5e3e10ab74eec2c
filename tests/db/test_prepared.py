"""Prepared statements answer as plain ones do, whatever happens to their connection and their tables."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from peewee import DataError, NotSupportedError

from portal.db import Prepared, query, transaction
from portal.db.prepared import PLANS_AT_MOST
from tests.support.statements import count_statements

_TWO = Prepared("""
INSERT INTO prepared_rows VALUES (%(number)s, %(text)s);
SELECT n, text, 7 %% 4, %(text)s || '%%' FROM prepared_rows WHERE n = %(number)s OR n = ANY (%(others)s) ORDER BY n
""")
_ALL = Prepared("SELECT * FROM prepared_rows WHERE n >= %(number)s ORDER BY n")
_NAMES = "SELECT name FROM pg_prepared_statements"


@pytest.fixture(autouse=True)
def table(database: str) -> Iterator[str]:
    query("CREATE TEMP TABLE prepared_rows (n bigint, text text)")
    yield "prepared_rows"
    query("DROP TABLE prepared_rows")


def test_statements_that_are_sent_together_are_planned_once() -> None:
    before = len(query(_NAMES))
    with count_statements() as sent:
        first = query(_TWO, {"number": 1, "text": "it's 5%", "others": []})
        second = query(_TWO, {"number": 2, "text": "b", "others": [1, 9]})
    assert first == [(1, "it's 5%", 3, "it's 5%%")]
    assert second == [(1, "it's 5%", 3, "b%"), (2, "b", 3, "b%")]
    assert sent.count == 2
    assert len(query(_NAMES)) == before + 2


def test_statement_is_prepared_again_after_its_table_has_changed() -> None:
    query(_TWO, {"number": 1, "text": "a", "others": []})
    assert query(_ALL, {"number": 0}) == [(1, "a")]
    query("ALTER TABLE prepared_rows ADD COLUMN more integer DEFAULT 5")
    with pytest.raises(NotSupportedError):
        query(_ALL, {"number": 0})
    assert query(_ALL, {"number": 0}) == [(1, "a", 5)]


def test_statement_that_fails_at_its_first_use_is_prepared_again() -> None:
    divide = Prepared("SELECT 10 / %(by)s::integer")
    with transaction():
        with pytest.raises(DataError), transaction():
            query(divide, {"by": 0})
        assert query(divide, {"by": 2}) == [(5,)]
    assert query(divide, {"by": 5}) == [(2,)]


def test_only_so_many_plans_are_kept() -> None:
    for number in range(PLANS_AT_MOST + 20):
        assert query(Prepared(f"SELECT {number} + %(more)s::integer"), {"more": 1}) == [(number + 1,)]
    assert len(query(_NAMES)) <= PLANS_AT_MOST + 10
