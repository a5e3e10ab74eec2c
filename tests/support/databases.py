"""PostgreSQL servers of a test run and the databases on them.

Most tests share one database per worker; only the tables that a test wrote to are emptied before the next one.
Tests that change the schema or stop connections get a clone of the migrated template.
"""

from __future__ import annotations

import itertools
import os
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import psycopg2

from models import database
from portal.db import bind_database
from portal.db.migrations import migrate
from portal.dev import start_postgres, stop_postgres
from portal.dev.postgres import ROLE, Cluster, _run_single_user
from portal.dev.processes import LOOPBACK
from tests.support.run import one_at_a_time, run_folder

# Tests of durability start their own servers with the default settings.
# Autovacuum is off because its worker would block DROP DATABASE.
_FAST = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "max_connections": "300",
    "autovacuum": "off",
}
_TEMPLATE = "portal_template"
# Without autovacuum a table that many tests write to grows; beyond this size it is vacuumed after it was emptied.
_VACUUM_BYTES = 128 * 1024
_numbers = itertools.count(1)

# PL/pgSQL keeps the plans of the EXISTS queries, so looking at all tables takes about a millisecond.
# The function runs in a session whose triggers and foreign keys are off: the rows of all tables go together.
_RESET_FUNCTION = """
CREATE SCHEMA testing;
CREATE FUNCTION testing.empty_tables() RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    written text[];
    name text;
BEGIN
    SELECT array_agg(t) INTO written FROM ({exists}) AS tables (t);
    FOREACH name IN ARRAY coalesce(written, '{{}}') LOOP
        EXECUTE format('DELETE FROM public.%I', name);
        IF pg_relation_size(format('public.%I', name)::regclass) > {vacuum_bytes} THEN
            RETURN NEXT name;
        END IF;
    END LOOP;
    {sequences}
    {restore}
END $$
"""
# Rows that migrations insert stay, as they were inserted.
_KEPT_TABLES = (
    "platform_config",
    "applied_functions",
    "currencies",
    "programme_versions",
    "stores",
    "installation",
)
_RESTORE = """
    UPDATE public.platform_config SET referral_percent = 5 WHERE referral_percent IS DISTINCT FROM 5;
    DELETE FROM public.stores WHERE id > 1;
    DELETE FROM public.programme_versions WHERE id > 1;
    UPDATE public.programme_versions SET ends_at = NULL WHERE ends_at IS NOT NULL;
"""

_EMPTIED_TABLES = (
    "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename NOT LIKE '%yoyo%'"
    f" AND tablename NOT IN {_KEPT_TABLES}"
)
_WRITTEN_COLUMNS = (
    "SELECT attname FROM pg_attribute WHERE attrelid = 'public.{table}'::regclass"
    " AND attnum > 0 AND NOT attisdropped AND attgenerated = ''"
)


def system_binaries() -> Path | None:
    """Return the folder of programs of the newest PostgreSQL on the system, or None."""
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if installed:
        return installed[-1].parent
    program = shutil.which("initdb")
    return Path(program).resolve().parent if program else None


def server_url(kind: str) -> str:
    """Start or adopt the "embedded" or "system" server of the run and return the URL of its migrated template."""
    folder = run_folder() / f"postgres-{kind}"
    with one_at_a_time(kind), patch.dict(os.environ, _binaries(kind)):
        url = start_postgres(folder, settings=_FAST)
        if not _exists(url):
            url = start_with_reset_right(folder, _FAST)
            execute(url, f"CREATE DATABASE {_TEMPLATE}_new")
            migrate(named(url, f"{_TEMPLATE}_new"))
            execute(url, f"ALTER DATABASE {_TEMPLATE}_new RENAME TO {_TEMPLATE}")
        return named(url, _TEMPLATE)


@contextmanager
def fresh_database(template_url: str) -> Iterator[str]:
    """Clone the template, yield the URL of the clone, and drop it with the connections that are still open."""
    name = f"test_{os.getpid()}_{next(_numbers)}"
    maintenance = named(template_url, "portal")
    execute(maintenance, f"CREATE DATABASE {name} TEMPLATE {_TEMPLATE} STRATEGY FILE_COPY")
    try:
        yield named(template_url, name)
    finally:
        execute(maintenance, f"DROP DATABASE {name} WITH (FORCE)")


class WorkerDatabase:
    """One database for most tests of a worker, with one pool of connections that stays open between tests."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._session = psycopg2.connect(url)
        self._session.autocommit = True
        self._copies: dict[Callable[[], None], str] = {}
        bind_database(url)
        self._pool = database.obj
        self._run(_reset_function(self._run))
        self._run("SET session_replication_role = replica; SET lock_timeout = '30s'")

    def bind(self) -> None:
        """Empty the tables that have rows, restart their ids and bind the models to this database."""
        for (name,) in self._run("SELECT testing.empty_tables()"):
            self._run(f"VACUUM public.{name}")
        database.initialize(self._pool)
        with database.connection_context():
            database.execute_sql("SELECT pg_advisory_unlock_all()")

    def fill(self, write: Callable[[], None]) -> None:
        """Write rows into the empty database; after the first time they are copied, which takes a tenth of it."""
        if write not in self._copies:
            write()
            self._copies[write] = self._copy_statements(f"copy_{len(self._copies)}")
        else:
            self._run(self._copies[write])

    def _copy_statements(self, schema: str) -> str:
        """Copy the rows of all tables into a schema and return the statements that write them back."""
        self._run(f"CREATE SCHEMA {schema}")
        statements = []
        for (name,) in self._run(_EMPTIED_TABLES):
            if not self._run(f"SELECT 1 FROM public.{name} LIMIT 1"):
                continue
            self._run(f"CREATE TABLE {schema}.{name} AS TABLE public.{name}")
            columns = ", ".join(f'"{column}"' for (column,) in self._run(_WRITTEN_COLUMNS.format(table=name)))
            statements.append(
                f"INSERT INTO public.{name} ({columns}) OVERRIDING SYSTEM VALUE SELECT {columns} FROM {schema}.{name}"
            )
        sequences = self._run(
            "SELECT sequencename, last_value FROM pg_sequences WHERE schemaname = 'public' AND last_value IS NOT NULL"
        )
        statements += [f"SELECT setval('public.{name}', {value})" for name, value in sequences]
        return "; ".join(statements)

    def rebind(self) -> None:
        """Bind the models to this database again after an application with other settings was built."""
        database.initialize(self._pool)

    def release(self) -> None:
        """Close the connections that a test left open; a single idle one stays for the next test."""
        if database.obj is not self._pool:
            close_database()
        self._pool.close()
        if self._pool._in_use or len(self._pool._connections) > 1:
            self._pool.close_all()

    def close(self) -> None:
        self._session.close()
        if not self._pool.deferred:
            self._pool.close_all()

    def _run(self, statement: str) -> list[tuple[Any, ...]]:
        with self._session.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchall() if cursor.description else []


@contextmanager
def worker_database(template_url: str) -> Iterator[WorkerDatabase]:
    """Yield a clone of the template that the tests of one worker share."""
    with fresh_database(template_url) as url:
        shared = WorkerDatabase(url)
        try:
            yield shared
        finally:
            shared.close()


def wait_until_alone(url: str) -> None:
    """Wait until no other session uses a database: a server ends one a moment after it was closed."""
    others = (
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    deadline = time.monotonic() + 60
    while execute(url, others) != [(0,)]:
        assert time.monotonic() < deadline, "other sessions stay connected"
        time.sleep(0.05)


def close_database() -> None:
    """Close every connection of the bound database, if one was ever opened."""
    if not database.obj.deferred:
        database.close_all()


def named(url: str, name: str) -> str:
    """Return a database URL with the name of another database."""
    return f"{url.rpartition('/')[0]}/{name}"


def execute(url: str, statement: str) -> list[tuple[object, ...]]:
    """Run one statement in its own connection without a transaction and return its rows."""
    connection = psycopg2.connect(url)
    try:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchall() if cursor.description else []
    finally:
        connection.close()


def start_with_reset_right(folder: Path, settings: Mapping[str, str]) -> str:
    """Let the role of the portal turn triggers off in a session, which the reset needs; return the server's URL.

    Only a superuser can grant that, and no superuser can connect over the network. Passwords are not checked:
    that takes longer than the rest of a connection.
    """
    stop_postgres(folder)
    files = Cluster(folder).files
    (files / "pg_hba.conf").write_text(f"host all {ROLE} {LOOPBACK}/32 trust\n")
    _run_single_user(files, f"GRANT SET ON PARAMETER session_replication_role TO {ROLE}")
    return start_postgres(folder, settings=settings)


def _exists(url: str) -> bool:
    return bool(execute(url, f"SELECT 1 FROM pg_database WHERE datname = '{_TEMPLATE}'"))


def _binaries(kind: str) -> dict[str, str]:
    return {"PORTAL_POSTGRES_BIN": str(system_binaries())} if kind == "system" else {}


def _reset_function(run: Callable[[str], list[tuple[Any, ...]]]) -> str:
    """Return the statement that creates `testing.empty_tables()` for the tables and sequences there are."""
    tables = run(_EMPTIED_TABLES)
    sequences = run(
        "SELECT sequencename, sequencename LIKE ANY (ARRAY['programme_versions%', 'stores%'])"
        " FROM pg_sequences WHERE schemaname = 'public'"
    )
    return _RESET_FUNCTION.format(
        exists=" UNION ALL ".join(f"SELECT '{t}' WHERE EXISTS (SELECT FROM public.{t})" for (t,) in tables),
        sequences="\n".join(
            f"PERFORM setval('public.{name}', 1, {is_kept}) FROM public.{name}"
            f" WHERE is_called <> {is_kept} OR last_value <> 1;"
            for name, is_kept in sequences
        ),
        restore=_RESTORE,
        vacuum_bytes=_VACUUM_BYTES,
    )
