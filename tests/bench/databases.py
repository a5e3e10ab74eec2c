"""The database of a benchmark."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from portal.db import bind_database
from portal.db.migrations import migrate
from portal.dev import start_postgres, stop_postgres
from tests.support.databases import execute, named
from tests.support.run import close_run, open_run, run_folder


@contextmanager
def durable_database() -> Iterator[str]:
    """Bind the models to a migrated database with durable settings and yield its URL."""
    open_run()
    folder = run_folder() / "postgres-bench"
    try:
        url = start_postgres(folder)
        migrate(url)
        execute(url, "CREATE DATABASE bench TEMPLATE portal")
        bind_database(named(url, "bench"))
        yield named(url, "bench")
    finally:
        stop_postgres(folder)
        close_run()
