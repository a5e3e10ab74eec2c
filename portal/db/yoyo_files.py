"""Run SQL files through yoyo. Its own module, because only a database that lacks a migration needs the library."""

from __future__ import annotations

from collections.abc import Callable, Collection
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from yoyo.backends.core.postgresql import PostgresqlBackend
from yoyo.connections import parse_uri
from yoyo.migrations import (
    Migration,
    StepCollector,
    default_migration_table,
    parse_metadata_from_sql_comments,
)


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
        with backend.lock(), backend.copy() as files:
            backend.ensure_internal_schema_updated()
            files._internal_schema_updated = True
            for name in sorted(names):
                files.apply_file(_File(name, str(folder / f"{name}.sql"), str(folder)))
    finally:
        backend.connection.close()


class _Backend(PostgresqlBackend):  # type: ignore[misc]
    """yoyo's access to PostgreSQL, whose connections are prepared by the caller."""

    def __init__(self, uri: Any, table: str, prepare: Callable[[Any], object]) -> None:
        self._prepare = prepare
        super().__init__(uri, table)

    def apply_file(self, file: _File) -> None:
        """Apply a file and record it in one transaction: of a killed process, both remain or nothing.

        A file without a transaction is one that may be repeated.
        """
        file.load()
        with self.transaction() if file.use_transactions else nullcontext():
            file.process_steps(self, "apply")
            self.mark_one(file, log=False)
        self.log_migration(file, "apply")

    def copy(self) -> _Backend:
        return _Backend(self.uri, self.migration_table, self._prepare)

    def init_connection(self, connection: Any) -> None:
        super().init_connection(connection)
        self._prepare(connection)


class _File(Migration):  # type: ignore[misc]
    """A file of SQL. One in a transaction is sent in one piece, as splitting all files takes half of a first start."""

    def load(self) -> None:
        if self.loaded:
            return
        self.source = Path(self.path).read_text()
        directives, _, _ = parse_metadata_from_sql_comments(self.source)
        if directives:
            super().load()
            return
        whole = StepCollector(self)
        whole.add_step(self.source)
        self.steps = whole.create_steps(use_transactions=True)
