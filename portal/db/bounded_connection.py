"""A connection for health checks: every wait on the server ends at one deadline, also when it accepts and is silent."""

from __future__ import annotations

import select
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import psycopg2
from psycopg2.extensions import POLL_OK, POLL_READ

from portal.db.connection import DATABASE_ERRORS, DatabaseAway


class BoundedConnection:
    """A connection outside the pool whose statements end at a deadline; each is a transaction of its own."""

    def __init__(self, connection: Any, deadline: float) -> None:
        self._connection, self._deadline = connection, deadline

    @property
    def announced_pid(self) -> int:
        """Return the process id of the session as announced when connecting."""
        return int(self._connection.info.backend_pid)

    def query(self, sql: str, *parameters: object) -> list[tuple[Any, ...]]:
        """Run one SQL statement and return its rows; raise DatabaseAway."""
        try:
            with self._connection.cursor() as cursor:
                cursor.execute(sql, parameters or None)
                self.wait()
                return cursor.fetchall() if cursor.description else []
        except (psycopg2.Error, *DATABASE_ERRORS) as error:
            raise DatabaseAway from error

    def wait(self) -> None:
        """Wait until the server has answered; raise DatabaseAway at the deadline."""
        while (state := self._connection.poll()) != POLL_OK:
            waiting = select.poll()
            waiting.register(
                self._connection.fileno(), select.POLLIN if state == POLL_READ else select.POLLOUT
            )
            remaining = self._deadline - time.monotonic()
            if remaining <= 0 or not waiting.poll(remaining * 1000):
                raise DatabaseAway("The database does not answer in time.")


@contextmanager
def bounded_connection(url: str, seconds: float) -> Iterator[BoundedConnection]:
    """Connect for at most `seconds` in total and close at the end of the block; raise DatabaseAway."""
    deadline = time.monotonic() + seconds
    try:
        raw = psycopg2.connect(url, async_=True, application_name="health")
    except DATABASE_ERRORS as error:
        raise DatabaseAway from error
    try:
        connection = BoundedConnection(raw, deadline)
        try:
            connection.wait()
        except DATABASE_ERRORS as error:
            raise DatabaseAway from error
        yield connection
    finally:
        with suppress(*DATABASE_ERRORS):
            raw.close()
