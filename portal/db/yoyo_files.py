"""Run SQL files through yoyo. Its own module, because only a database that lacks a migration needs the library."""

from __future__ import annotations

from collections.abc import Callable, Collection
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from yoyo import read_migrations
from yoyo.backends.core.postgresql import PostgresqlBackend
from yoyo.connections import parse_uri
from yoyo.migrations import MigrationList, default_migration_table


def run_files(
    database_url: str, folder: Path, names: Collection[str], prepare: Callable[[Any], object]
) -> None:
    """Apply the named files of a folder in order; `prepare` is called with each connection.

    The caller holds the lock of migrations, so a lock row is left from a killed process.
    """
    backend = _Backend(parse_uri(database_url), default_migration_table, prepare)
    try:
        backend.init_database()
        backend.break_lock()
        migrations = [each for each in read_migrations(str(folder)) if each.id in names]
        with backend.lock():
            backend.apply_migrations(MigrationList(migrations))
    finally:
        backend.connection.close()


class _Backend(PostgresqlBackend):  # type: ignore[misc]
    """yoyo's access to PostgreSQL, whose connections are prepared by the caller."""

    def __init__(self, uri: Any, table: str, prepare: Callable[[Any], object]) -> None:
        self._prepare = prepare
        super().__init__(uri, table)

    def apply_one(self, migration: Any, force: bool = False, mark: bool = True) -> None:
        """Apply a file and record it in one transaction: of a killed process, both remain or nothing.

        yoyo records a file after its transaction. A file without a transaction is one that may be repeated.
        """
        self.ensure_internal_schema_updated()
        migration.load()
        with self.copy() as backend, backend.transaction() if migration.use_transactions else nullcontext():
            migration.process_steps(backend, "apply", force=force)
            if mark:
                backend.mark_one(migration, log=False)
        self.log_migration(migration, "apply")

    def copy(self) -> _Backend:
        return _Backend(self.uri, self.migration_table, self._prepare)

    def init_connection(self, connection: Any) -> None:
        super().init_connection(connection)
        self._prepare(connection)
