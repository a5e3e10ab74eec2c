"""Forward-only migrations and re-applied functions: the SQL files of `sql/`.

`sql/NNN_<change>.sql` runs once, in order, through yoyo. `sql/functions/*.sql` holds the present definition of every
function, view and trigger (CREATE OR REPLACE, safe to repeat); all of them run in one transaction after the migrations
whenever their content has changed. A migration that drops a column first drops the view that reads it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg2
from yoyo import get_backend, read_migrations
from yoyo.migrations import MigrationList

from portal.lib.folders import SQL

# What `migrate` and `migration_status` call the files of sql/functions.
FUNCTIONS = "functions"
_FUNCTIONS_FOLDER = SQL / "functions"
_MIGRATION_NAME = re.compile(r"\d{3}_\w+")
_MIGRATION_LOCK = 7_281_930_451


def migrate(database_url: str) -> list[str]:
    """Apply pending migrations, then changed functions; return the names of what was applied, [] when up to date.

    Safe to run from several processes at once: one applies, the others wait and find nothing to do. Nothing is
    written to a database that is up to date.
    """
    with _connect(database_url) as connection:
        _execute(connection, "SELECT pg_advisory_lock(%s)", _MIGRATION_LOCK)
        applied = [name for name, is_applied in _read_status(connection) if not is_applied]
        pending = [name for name in applied if name != FUNCTIONS]
        if pending:
            _apply_migrations(database_url, pending)
        if not _has_functions(connection):
            _apply_functions(database_url)
            applied = [*pending, FUNCTIONS]
        return applied


def migration_status(database_url: str) -> list[tuple[str, bool]]:
    """Return every migration, in order, then "functions", each with whether the database has its present content."""
    with _connect(database_url) as connection:
        return _read_status(connection)


def is_up_to_date(query: Callable[[str], list[tuple[Any, ...]]]) -> bool:
    """Return whether the database that `query` asks has every migration and the present functions."""
    tables = (
        "SELECT to_regclass('_yoyo_migration') IS NOT NULL AND to_regclass('applied_functions') IS NOT NULL"
    )
    if query(tables) != [(True,)]:
        return False
    applied = {name for (name,) in query("SELECT migration_id FROM _yoyo_migration")}
    has_functions = query("SELECT content_hash FROM applied_functions") == [(_functions_hash(),)]
    return has_functions and applied.issuperset(migration_names())


def migration_names() -> list[str]:
    """Return the names of all migrations in order."""
    return sorted(path.stem for path in SQL.glob("*.sql") if _MIGRATION_NAME.fullmatch(path.stem))


def _read_status(connection: Any) -> list[tuple[str, bool]]:
    applied: set[str] = set()
    if _table_exists(connection, "_yoyo_migration"):
        applied = {name for (name,) in _execute(connection, "SELECT migration_id FROM _yoyo_migration")}
    statuses = [(name, name in applied) for name in migration_names()]
    return [*statuses, (FUNCTIONS, _has_functions(connection))]


def _has_functions(connection: Any) -> bool:
    if not _table_exists(connection, "applied_functions"):
        return False
    return _execute(connection, "SELECT content_hash FROM applied_functions") == [(_functions_hash(),)]


def _apply_migrations(database_url: str, names: list[str]) -> None:
    backend = get_backend(database_url)
    try:
        # Only the holder of the advisory lock gets here, so a lock row is left from a killed process.
        backend.break_lock()
        migrations = [each for each in read_migrations(str(SQL)) if each.id in names]
        with backend.lock():
            backend.apply_migrations(MigrationList(migrations))
    finally:
        backend.connection.close()


def _apply_functions(database_url: str) -> None:
    with _connect(database_url, autocommit=False) as connection:
        for path in _function_files():
            _execute(connection, path.read_text())
        _execute(
            connection,
            """INSERT INTO applied_functions (content_hash) VALUES (%s)
               ON CONFLICT (id) DO UPDATE SET content_hash = excluded.content_hash, applied_at = now()""",
            _functions_hash(),
        )
        connection.commit()


def _functions_hash() -> str:
    digest = hashlib.sha256()
    for path in _function_files():
        digest.update(f"{path.name}\n{path.read_text()}\n".encode())
    return digest.hexdigest()


def _function_files() -> list[Path]:
    return sorted(_FUNCTIONS_FOLDER.glob("*.sql"))


def _table_exists(connection: Any, name: str) -> bool:
    return _execute(connection, "SELECT to_regclass(%s) IS NOT NULL", name) == [(True,)]


@contextmanager
def _connect(database_url: str, *, autocommit: bool = True) -> Iterator[Any]:
    connection = psycopg2.connect(database_url)
    connection.autocommit = autocommit
    try:
        yield connection
    finally:
        connection.close()


def _execute(connection: Any, statement: str, *parameters: object) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        # Without parameters psycopg2 leaves the percent signs of a file alone.
        cursor.execute(statement, parameters or None)
        return cursor.fetchall() if cursor.description else []
