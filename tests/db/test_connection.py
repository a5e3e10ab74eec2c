"""A connection of the pool: asked whether its server lives only where that is in doubt."""

from __future__ import annotations

import psycopg2
import pytest

from portal.db import connection, query, release_connection
from portal.db.connection import PortalDatabase


def last_statement(url: str, pid: int) -> str:
    with psycopg2.connect(url) as session, session.cursor() as cursor:
        cursor.execute("SELECT query FROM pg_stat_activity WHERE pid = %s", [pid])
        return str(cursor.fetchone()[0])


def test_connection_just_used_is_not_asked_whether_it_lives(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(PortalDatabase._is_closed.__globals__, "_SURELY_OPEN_SECONDS", 3600)
    statement = "SELECT pg_backend_pid(), 'the last one'"
    ((pid, _),) = query(statement)
    release_connection()
    with connection():
        assert last_statement(database, pid) == statement
    monkeypatch.setitem(PortalDatabase._is_closed.__globals__, "_SURELY_OPEN_SECONDS", 0)
    with connection():
        assert last_statement(database, pid) == "SELECT 1"
        assert query("SELECT pg_backend_pid()") == [(pid,)]


def test_connection_that_the_server_has_closed_is_replaced(database: str) -> None:
    ((pid,),) = query("SELECT pg_backend_pid()")
    release_connection()
    with psycopg2.connect(database) as session, session.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
    with connection():
        assert query("SELECT pg_backend_pid()") != [(pid,)]
