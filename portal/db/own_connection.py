"""A connection outside the pool for a hot path that runs one statement again and again."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import psycopg2

from models import database
from portal.db.connection import DATABASE_ERRORS, KEEPALIVE, DatabaseAway, direct_url

_CHECK_AFTER_SECONDS = 1.0
_SESSION_SETTINGS = (
    "SET timezone = 'UTC'; SET lock_timeout = '5s'; SET statement_timeout = '10s';"
    " SET plan_cache_mode = force_generic_plan"
)


class OwnConnection:
    """A permanent connection to the bound database that runs one prepared statement, one thread at a time.

    Every statement is a transaction of its own. A connection that failed, that a fork inherited or that belongs to
    a previously bound database is replaced; an idle one is tested before use.
    """

    def __init__(self, name: str, statement: str, types: str) -> None:
        """Prepare for one statement, its parameters as $1, $2...; `types` are theirs, such as "text[], bigint[]"."""
        self._prepare = f"PREPARE {name} ({types}) AS {statement}"
        self._execute = f"EXECUTE {name} ({', '.join(['%s'] * len(types.split(',')))})"
        self._name = name
        self._lock = threading.Lock()
        self._connection: Any = None
        self._owner: tuple[int, object] | None = None
        self._used_at = 0.0

    def run(self, parameters: Sequence[object]) -> list[tuple[Any, ...]]:
        """Run the statement and return its rows; they are durable then. Raises DatabaseAway.

        After DatabaseAway it is usually not written, and never certain: a lost answer is not a lost write.
        """
        with self._lock:
            try:
                with self._open().cursor() as cursor:
                    cursor.execute(self._execute, parameters)
                    rows: list[tuple[Any, ...]] = cursor.fetchall()
            except DATABASE_ERRORS as error:
                self._drop()
                raise DatabaseAway from error
            except BaseException:
                self._drop()
                raise
            self._used_at = time.monotonic()
            return rows

    def _open(self) -> Any:
        owner = (os.getpid(), database.obj)
        if self._owner != owner:
            self._leave(owner)
        if self._connection is not None and not self._is_alive():
            self._drop()
        if self._connection is None:
            self._connection = psycopg2.connect(
                direct_url(), connect_timeout=5, application_name=self._name, **KEEPALIVE
            )
            self._connection.autocommit = True
            with self._connection.cursor() as cursor:
                cursor.execute(_SESSION_SETTINGS)
                cursor.execute(self._prepare)
        return self._connection

    def _leave(self, owner: tuple[int, object]) -> None:
        """Forget a connection of another database; one of another process is not ours to close."""
        inherited = self._owner is not None and self._owner[0] != owner[0]
        if not inherited:
            self._drop()
        self._connection, self._owner = None, owner

    def _is_alive(self) -> bool:
        if time.monotonic() - self._used_at < _CHECK_AFTER_SECONDS:
            return True
        try:
            with self._connection.cursor() as cursor:
                cursor.execute("SELECT 1")
        except DATABASE_ERRORS:
            return False
        return True

    def _drop(self) -> None:
        if self._connection is not None:
            with suppress(*DATABASE_ERRORS):
                self._connection.close()
        self._connection = None
