"""A read-only snapshot of a Ring deployment's tables, read in batches."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal

import psycopg2
from psycopg2 import sql

from portal.db import query
from portal.flows.ring_import.rows import Row, flatten

_PORTION = 500
# Identifies a server process and a database in it.
_IDENTITY = "SELECT extract(epoch FROM pg_postmaster_start_time())::text, current_database()"


class SourceUnusable(Exception):
    """The source cannot be read, or is this portal's own database; the message is one sentence."""


class RingSource:
    """A snapshot of the source; every read sees the same moment."""

    def __init__(self, connection: psycopg2.extensions.connection) -> None:
        self._connection = connection

    def count(self, table: str) -> int | None:
        """Return how many rows a table has, None when it does not exist."""
        if not self._is_there(table):
            return None
        with self._connection.cursor() as cursor:
            cursor.execute(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table)))
            (count,) = cursor.fetchone() or (0,)
        return int(count)

    def rows(self, table: str) -> Iterator[Row]:
        """Yield a table's rows with exact numbers, none when it does not exist."""
        if not self._is_there(table):
            return
        with self._connection.cursor(f"ring_{table}") as cursor:
            cursor.itersize = _PORTION
            # JSON as text preserves every digit of a number.
            cursor.execute(sql.SQL("SELECT to_jsonb(t)::text FROM {} t").format(sql.Identifier(table)))
            for (text,) in cursor:
                yield flatten(json.loads(text, parse_float=Decimal))

    def _is_there(self, table: str) -> bool:
        with self._connection.cursor() as cursor:
            cursor.execute("SELECT to_regclass(%s) IS NOT NULL", [table])
            (is_there,) = cursor.fetchone() or (False,)
        return bool(is_there)


@contextmanager
def open_source(url: str) -> Iterator[RingSource]:
    """Yield a read-only snapshot of another database; raise SourceUnusable."""
    try:
        connection = psycopg2.connect(url, connect_timeout=10)
    except psycopg2.Error as error:
        raise SourceUnusable(f"The source cannot be reached: {str(error).strip()}") from None
    try:
        connection.set_session(isolation_level="REPEATABLE READ", readonly=True)
        with connection.cursor() as cursor:
            cursor.execute(_IDENTITY)
            identity = cursor.fetchone()
        if identity == query(_IDENTITY)[0]:
            raise SourceUnusable("The source is this portal's own database.")
        yield RingSource(connection)
    except psycopg2.Error as error:
        raise SourceUnusable(f"The source cannot be read: {str(error).strip()}") from None
    finally:
        connection.close()
