"""Forward-only migrations and re-applied functions: the SQL files of `sql/`.

`sql/NNN_<change>.sql` runs once, in order, through yoyo. `sql/functions/*.sql` holds the present definition of every
function, view and trigger (CREATE OR REPLACE, safe to repeat); all of them run in one transaction after the migrations
whenever their content has changed. A migration that drops a column first drops the view that reads it.
"""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg2
from psycopg2.errors import DeadlockDetected, LockNotAvailable

from portal.db.connection import KEEPALIVE, DatabaseAway
from portal.db.pooling import require_own_sessions
from portal.db.rights import RightMissing, explained_rights
from portal.lib.folders import SQL

# What `migrate` and `migration_status` call the files of sql/functions.
FUNCTIONS = "functions"
_FUNCTIONS_FOLDER = SQL / "functions"
_MIGRATION_NAME = re.compile(r"\d{3}_\w+")
_MIGRATION_LOCK = 7_281_930_451
# A migration that waits for a table makes everybody behind it wait too, so it gives way and tries again.
_SET_LOCK_TIMEOUT = "SET lock_timeout = '3s'"
_ATTEMPTS, _PAUSE_SECONDS = 5, 2.0
_CONNECT_TIMEOUT_SECONDS = 10


class MigrationBlocked(DatabaseAway):
    """Other sessions held a lock that a migration needs; the message is one sentence for the operator."""


def migrate(database_url: str) -> list[str]:
    """Apply pending migrations, then changed functions; return the names of what was applied, [] when up to date.

    Safe to run from several processes at once: one applies, the others wait and find nothing to do. Nothing is
    written to a database that is up to date, or that a later release has migrated. Raises MigrationBlocked or
    RightMissing; what was applied before stays.
    """
    with _connect(database_url) as connection:
        if connection.info.backend_pid != _execute(connection, "SELECT pg_backend_pid()")[0][0]:
            require_own_sessions(database_url)
        _execute(connection, "SELECT pg_advisory_lock(%s)", _MIGRATION_LOCK)
        applied = _list_pending(connection)
        if applied:
            _require_tables(connection)
        _apply(database_url, connection)
        return applied


def _require_tables(connection: Any) -> None:
    """Raise RightMissing if the role may not create tables: yoyo would report a missing table of its own."""
    (may_create,) = _execute(connection, "SELECT has_schema_privilege(current_schema(), 'CREATE')")[0]
    if not may_create:
        raise RightMissing("it may not create tables in the schema public")


def _apply(database_url: str, connection: Any) -> None:
    """Apply what is pending, again after a pause while other sessions hold a lock it needs.

    A request that holds one table and waits for another that this holds is a deadlock: either of both is ended.
    """
    for attempt in range(1, _ATTEMPTS + 1):
        pending = _list_pending(connection)
        try:
            migrations = [name for name in pending if name != FUNCTIONS]
            if migrations:
                _apply_migrations(database_url, migrations)
            if FUNCTIONS in _list_pending(connection):
                _apply_functions(database_url)
            return
        except (LockNotAvailable, DeadlockDetected) as error:
            if attempt == _ATTEMPTS:
                raise MigrationBlocked(
                    f"{_list_pending(connection)[0]} waits for a table that other sessions keep locked. Nothing of it"
                    " was applied: end long transactions and run the command again."
                ) from error
            time.sleep(_PAUSE_SECONDS)


def _list_pending(connection: Any) -> list[str]:
    return [name for name, is_applied in _read_status(connection) if not is_applied]


def migration_status(database_url: str) -> list[tuple[str, bool]]:
    """Return every migration, in order, then "functions", each with whether the database has its present content."""
    with _connect(database_url) as connection:
        return _read_status(connection)


def is_up_to_date(query: Callable[[str], list[tuple[Any, ...]]]) -> bool:
    """Return whether the database that `query` asks has every migration, and these functions or newer ones.

    Newer ones are those of a later release, beside which this one goes on until it is restarted.
    """
    tables = (
        "SELECT to_regclass('_yoyo_migration') IS NOT NULL AND to_regclass('applied_functions') IS NOT NULL"
    )
    if query(tables) != [(True,)]:
        return False
    applied = {name for (name,) in query("SELECT migration_id FROM _yoyo_migration")}
    if not applied.issuperset(migration_names()):
        return False
    known = query("SELECT unnest(earlier_hashes || content_hash) FROM applied_functions")
    return (_functions_hash(),) in known


def migration_names() -> list[str]:
    """Return the names of all migrations in order."""
    return sorted(path.stem for path in SQL.glob("*.sql") if _MIGRATION_NAME.fullmatch(path.stem))


def _read_status(connection: Any) -> list[tuple[str, bool]]:
    applied: set[str] = set()
    if _table_exists(connection, "_yoyo_migration"):
        applied = {name for (name,) in _execute(connection, "SELECT migration_id FROM _yoyo_migration")}
    statuses = [(name, name in applied) for name in migration_names()]
    # After a rollback the functions of the later release stay: the tables are those of that release.
    is_newer = bool(applied.difference(migration_names())) and all(is_applied for _, is_applied in statuses)
    return [*statuses, (FUNCTIONS, is_newer or _has_functions(connection))]


def _has_functions(connection: Any) -> bool:
    if not _table_exists(connection, "applied_functions"):
        return False
    return _execute(connection, "SELECT content_hash FROM applied_functions") == [(_functions_hash(),)]


def _apply_migrations(database_url: str, names: list[str]) -> None:
    from portal.db.yoyo_files import run_files  # noqa: PLC0415 - a start with nothing to migrate needs no yoyo

    run_files(database_url, SQL, names, lambda connection: _execute(connection, _SET_LOCK_TIMEOUT))


def _apply_functions(database_url: str) -> None:
    with _connect(database_url, autocommit=False) as connection:
        _execute(connection, _SET_LOCK_TIMEOUT)
        for path in _function_files():
            _execute(connection, path.read_text())
        _execute(
            connection,
            """INSERT INTO applied_functions AS f (content_hash) VALUES (%s)
               ON CONFLICT (id) DO UPDATE SET content_hash = excluded.content_hash, applied_at = now(),
                   earlier_hashes = array_remove(f.earlier_hashes, f.content_hash) || f.content_hash""",
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
    try:
        connection = psycopg2.connect(database_url, connect_timeout=_CONNECT_TIMEOUT_SECONDS, **KEEPALIVE)
    except psycopg2.OperationalError as error:
        raise DatabaseAway from error
    connection.autocommit = autocommit
    try:
        with explained_rights():
            yield connection
    finally:
        connection.close()


def _execute(connection: Any, statement: str, *parameters: object) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        # Without parameters psycopg2 leaves the percent signs of a file alone.
        cursor.execute(statement, parameters or None)
        return cursor.fetchall() if cursor.description else []
