"""The databases of a benchmark, and what is printed with its figures."""

from __future__ import annotations

import os
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
    with durable_databases("bench") as (url,):
        bind_database(url)
        yield url


@contextmanager
def durable_databases(*names: str) -> Iterator[list[str]]:
    """Yield the URLs of migrated databases of one server with durable settings."""
    open_run()
    folder = run_folder() / "postgres-bench"
    try:
        url = start_postgres(folder)
        migrate(url)
        for name in names:
            execute(url, f"CREATE DATABASE {name} TEMPLATE portal")
        yield [named(url, name) for name in names]
    finally:
        stop_postgres(folder)
        close_run()


def load_line() -> str:
    """Return how many programs wait for the processors: figures of a busy machine say little."""
    return f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
