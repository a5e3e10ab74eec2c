"""The database of a benchmark."""

from __future__ import annotations

import os
import statistics
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager

import psycopg2

from portal.db import bind_database
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


def load() -> str:
    """Return how busy the machine is: the programs that waited for its cores within the last minute."""
    return f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"


@contextmanager
def durable_database() -> Iterator[str]:
    """Bind the models to a migrated database with durable settings and yield its URL."""
    open_run()
    folder = run_folder() / "postgres-bench"
    try:
        start_postgres(folder)
        url = start_with_reset_right(folder, {})
        migrate(url)
        execute(url, "CREATE DATABASE bench TEMPLATE portal")
        bind_database(named(url, "bench"))
        yield named(url, "bench")
    finally:
        stop_postgres(folder)
        close_run()
