"""A pooler in front of the database: recognised, usable in session mode, refused in transaction mode."""

from __future__ import annotations

import psycopg2
import pytest

from portal.db import DatabaseAway, advisory_lock, bind_database, connection, query
from portal.db.pooling import PoolingUnsupported, find_pooling, require_own_sessions
from tests.support.databases import close_database, execute
from tests.support.pooler import pooler

_ADVISORY_LOCKS = """
SELECT count(*) FROM pg_locks JOIN pg_database ON pg_database.oid = database
WHERE locktype = 'advisory' AND datname = current_database()
"""


def test_a_direct_connection_has_no_pooler(database: str) -> None:
    assert find_pooling(database) == "none"


@pytest.mark.parametrize("mode", ["session", "transaction"])
def test_the_mode_of_a_pooler_is_recognised(database: str, mode: str) -> None:
    with pooler(database, mode) as running:
        assert find_pooling(running.url) == mode


def test_startup_parameters_are_refused_by_the_pooler(database: str) -> None:
    with pooler(database, "session") as running, pytest.raises(psycopg2.OperationalError, match="options"):
        psycopg2.connect(running.url, options="-c timezone=UTC")


def test_session_mode_serves_queries_and_locks(database_url: str) -> None:
    with pooler(database_url, "session") as running:
        bind_database(running.url)
        try:
            with connection(), advisory_lock("job:x") as is_locked, advisory_lock("job:x") as is_locked_twice:
                assert (is_locked, is_locked_twice) == (True, False)
                assert query("SHOW lock_timeout") == [("15s",)]
        finally:
            close_database()


def test_transaction_mode_takes_no_lock(database_url: str) -> None:
    with pooler(database_url, "transaction") as running:
        bind_database(running.url)
        try:
            with pytest.raises(PoolingUnsupported, match="session mode"), advisory_lock("job:x"):
                pass
            with pytest.raises(PoolingUnsupported):
                require_own_sessions(running.url)
        finally:
            close_database()
        assert execute(database_url, _ADVISORY_LOCKS) == [(0,)]


def test_an_unreachable_database_has_no_mode() -> None:
    with pytest.raises(DatabaseAway):
        find_pooling("postgresql://nobody:x@127.0.0.1:1/none")
