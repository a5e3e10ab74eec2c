"""Forward-only migrations: the plain SQL files of `sql/`, applied in order by yoyo."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg2
from yoyo import get_backend, read_migrations

from portal.lib.folders import SQL

_MIGRATION_LOCK = 7_281_930_451


def migrate(database_url: str) -> list[str]:
    """Apply every pending migration and return their names, [] when up to date.

    Safe to run from many processes at once: one applies, the others wait and find nothing.
    """
    with _alone(database_url), _backend(database_url) as backend:
        # Only the holder of our lock gets here, so a lock row left by a killed process is stale.
        backend.break_lock()
        pending = backend.to_apply(read_migrations(str(SQL)))
        with backend.lock():
            backend.apply_migrations(pending)
        return [migration.id for migration in pending]


def migration_status(database_url: str) -> list[tuple[str, bool]]:
    """Return every migration's name and whether it is applied, in order."""
    with _backend(database_url) as backend:
        migrations = read_migrations(str(SQL))
        pending = {migration.id for migration in backend.to_apply(migrations)}
        return [(migration.id, migration.id not in pending) for migration in migrations]


@contextmanager
def _backend(database_url: str) -> Iterator[Any]:
    backend = get_backend(database_url)
    try:
        yield backend
    finally:
        backend.connection.close()


@contextmanager
def _alone(database_url: str) -> Iterator[None]:
    connection = psycopg2.connect(database_url)
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s)", [_MIGRATION_LOCK])
        yield
    finally:
        connection.close()
