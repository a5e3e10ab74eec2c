"""The databases of a benchmark, and what is printed with its figures."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg2

from portal.db import bind_database, query
from portal.db.migrations import migrate
from portal.dev import start_postgres, stop_postgres
from tests.scale.filling import multiply_rows
from tests.support.databases import execute, named, start_with_reset_right
from tests.support.run import close_run, open_run, run_folder


def fill_every_table(url: str, rows: int, per_copy: int) -> None:
    """Copy what a bench has written until the ledgers have about that many rows; `per_copy` is what they have now."""
    with closing(psycopg2.connect(url)) as session:
        session.autocommit = True
        with session.cursor() as cursor:
            multiply_rows(cursor, max(1, rows // per_copy))


def median_ratio(rates: Mapping[str, Sequence[float]], name: str, reference: str) -> float:
    """Return the median of the ratios of two rates that were measured in turns."""
    return statistics.median(mine / other for mine, other in zip(rates[name], rates[reference], strict=True))


@contextmanager
def durable_database() -> Iterator[str]:
    """Bind the models to a migrated database with durable settings and yield its URL."""
    with durable_databases("bench") as (url,):
        bind_database(url)
        yield url


@contextmanager
def durable_databases(*names: str, settings: Mapping[str, str] | None = None) -> Iterator[list[str]]:
    """Yield the URLs of migrated databases of one server with durable settings, and others where given."""
    open_run()
    folder = run_folder() / "postgres-bench"
    try:
        start_postgres(folder)
        url = start_with_reset_right(folder, settings or {})
        migrate(url)
        for name in names:
            execute(url, f"CREATE DATABASE {name} TEMPLATE portal")
        yield [named(url, name) for name in names]
    finally:
        stop_postgres(folder)
        close_run()


def processor_ms() -> float:
    """Return the milliseconds of processor time of this process and of its database session so far.

    Unlike the time of the clock, other work on the machine hardly changes them.
    """
    ((session,),) = query("SELECT pg_backend_pid()")
    nanoseconds = int(Path(f"/proc/{session}/schedstat").read_text().split()[0])
    return time.process_time() * 1000 + nanoseconds / 1_000_000


def load_line() -> str:
    """Return how many programs wait for the processors: figures of a busy machine say little."""
    return f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
