"""PostgreSQL servers of a test run and fresh databases on them.

A database is cloned from a migrated template by copying files, without fsync: about 80 ms, a quarter of
truncating every table, and the rows that migrations put in stay.
"""

from __future__ import annotations

import itertools
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

import psycopg2

from portal.db.migrations import migrate
from portal.dev import start_postgres
from tests.support.run import one_at_a_time, run_folder

# Tests of durability start servers of their own, with the defaults.
# A worker of autovacuum in a database keeps its owner from dropping it.
_FAST = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "max_connections": "300",
    "autovacuum": "off",
}
_TEMPLATE = "portal_template"
_numbers = itertools.count(1)


def system_binaries() -> Path | None:
    """Return the programs of the newest PostgreSQL installed on the system, None where there is none."""
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if installed:
        return installed[-1].parent
    found = shutil.which("initdb")
    return Path(found).resolve().parent if found else None


def server_url(kind: str) -> str:
    """Start or adopt the run's "embedded" or "system" server and return the URL of its migrated template."""
    with one_at_a_time(kind), patch.dict(os.environ, _binaries(kind)):
        url = start_postgres(run_folder() / f"postgres-{kind}", settings=_FAST)
        template = named(url, _TEMPLATE)
        if not _exists(url):
            execute(url, f"CREATE DATABASE {_TEMPLATE}_new")
            migrate(named(url, f"{_TEMPLATE}_new"))
            execute(url, f"ALTER DATABASE {_TEMPLATE}_new RENAME TO {_TEMPLATE}")
        return template


@contextmanager
def fresh_database(template_url: str) -> Iterator[str]:
    """Clone the template, yield the clone's URL, and drop it with every connection left open."""
    name = f"test_{os.getpid()}_{next(_numbers)}"
    maintenance = named(template_url, "portal")
    execute(maintenance, f"CREATE DATABASE {name} TEMPLATE {_TEMPLATE} STRATEGY FILE_COPY")
    try:
        yield named(template_url, name)
    finally:
        execute(maintenance, f"DROP DATABASE {name} WITH (FORCE)")


def named(url: str, database: str) -> str:
    """Return a database URL with another database's name."""
    return f"{url.rpartition('/')[0]}/{database}"


def execute(url: str, statement: str) -> list[tuple[object, ...]]:
    """Run one statement in its own connection, outside a transaction, and return its rows."""
    connection = psycopg2.connect(url)
    try:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchall() if cursor.description else []
    finally:
        connection.close()


def _exists(url: str) -> bool:
    return bool(execute(url, f"SELECT 1 FROM pg_database WHERE datname = '{_TEMPLATE}'"))


def _binaries(kind: str) -> dict[str, str]:
    return {"PORTAL_POSTGRES_BIN": str(system_binaries())} if kind == "system" else {}
