"""Restore a backup in one transaction, into an empty database or in place of a named one."""

from __future__ import annotations

import secrets
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlsplit

import psycopg2
from psycopg2 import sql
from psycopg2.errors import InsufficientPrivilege

from portal.db.backup.archive import database_name
from portal.db.backup.contents import read_contents
from portal.db.backup.programs import (
    Programs,
    connection_arguments,
    failure_sentence,
    find_programs,
    run_program,
)
from portal.db.backup.rules import BackupUnusable, Contents, Manifest, list_differences, unknown_migrations
from portal.db.connection import KEEPALIVE, DatabaseAway
from portal.db.migrations import migration_names
from portal.db.snapshot import snapshot

_CHUNK = 1024 * 1024
_OBJECTS = "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace"
_OTHERS = (
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
)
# pg_restore of PostgreSQL 17 and newer sets it, and an older server does not know it.
_NEW_SETTING, _SET_SINCE = b"SET transaction_timeout = 0;\n", 17
_REMOVE_ALL = """
SET lock_timeout = '5s';
DROP SCHEMA public CASCADE;
CREATE SCHEMA public;
GRANT USAGE ON SCHEMA public TO PUBLIC;
"""


def restore_backup(path: Path, manifest: Manifest, url: str, *, replace: str = "") -> Contents:
    """Restore a backup and return what the database holds then, which is what the manifest says.

    It is one transaction: an interrupted restore changes nothing. A database with tables is replaced only if `replace`
    is its name. No other session may be connected. Raises BackupUnusable or DatabaseAway.
    """
    if unknown := unknown_migrations(manifest, migration_names()):
        raise BackupUnusable(
            f"The backup was made by version {manifest.version} with the migration {unknown[-1]}, which this version"
            " does not have: install that version or a newer one."
        )
    server_major = _require_target(url, replace)
    if server_major < manifest.server_major:
        raise BackupUnusable(
            f"The backup was made on PostgreSQL {manifest.server_major} and this server is {server_major}:"
            " restore on the same or a newer version."
        )
    programs = find_programs(max(server_major, manifest.program_major))
    removed = _NEW_SETTING if server_major < _SET_SINCE else b""
    _copy(path, url, programs, f"BEGIN;\n{_REMOVE_ALL if replace else ''}\n", removed)
    with snapshot(url) as connection:
        contents = read_contents(connection)
    if differences := list_differences(manifest.contents, contents):
        raise BackupUnusable(f"The restored database differs from the manifest: {' '.join(differences)}")
    _execute(url, "ANALYZE")
    return contents


@contextmanager
def scratch_database(url: str) -> Iterator[str]:
    """Create an empty database on the same server, yield its URL and drop it. Raises BackupUnusable or DatabaseAway."""
    name = f"backup_check_{secrets.token_hex(6)}"
    identifier = sql.Identifier(name)
    try:
        _execute(url, sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(identifier))
    except InsufficientPrivilege as error:
        raise BackupUnusable(
            "The role of DATABASE_URL may not create a database to restore into: ALTER ROLE ... CREATEDB, or give the"
            " URL of an empty database with --into."
        ) from error
    try:
        yield urlsplit(url)._replace(path=f"/{name}").geturl()
    finally:
        _execute(url, sql.SQL("DROP DATABASE {} WITH (FORCE)").format(identifier))


def _require_target(url: str, replace: str) -> int:
    """Return the major version of the server of a database that may be restored into; raise BackupUnusable."""
    name = database_name(url)
    with _connect(url) as connection, connection.cursor() as cursor:
        cursor.execute(_OBJECTS)
        (objects,) = cursor.fetchone()
        cursor.execute(_OTHERS)
        (others,) = cursor.fetchone()
        if replace and replace != name:
            raise BackupUnusable(
                f"--replace names {replace} and DATABASE_URL leads to {name}: nothing was changed."
            )
        if objects and not replace:
            raise BackupUnusable(
                f"The database {name} is not empty: restore into an empty one, or add --replace {name}, which removes"
                " everything in it."
            )
        if others:
            raise BackupUnusable(
                f"{others} other sessions use the database {name}: stop every process of the portal first."
            )
        return int(connection.info.server_version // 10_000)


def _copy(path: Path, url: str, programs: Programs, before: str, removed: bytes) -> None:
    """Send the statements of a dump to the server after those of `before`, then COMMIT.

    The COMMIT is sent only after pg_restore has ended well, so whatever dies in between, the server rolls back.
    """
    # An archive that cannot be listed is refused before anything is sent.
    run_program(programs.command("pg_restore", "--list", str(path)))
    with ExitStack() as stack:
        reader_errors, writer_errors = (stack.enter_context(tempfile.TemporaryFile()) for _ in range(2))
        reader = stack.enter_context(_start_reader(path, programs, reader_errors))
        writer = stack.enter_context(_start_writer(url, programs, writer_errors))
        try:
            _stream(reader, writer, before, removed)
        except BrokenPipeError:
            # psql ended at an error, and its message is read below.
            reader.kill()
        except BaseException:
            reader.kill()
            writer.kill()
            raise
        # An error of psql also ends pg_restore, so it is the cause.
        if writer.wait():
            raise BackupUnusable(failure_sentence("psql", _text(writer_errors)))
        if reader.wait():
            raise BackupUnusable(failure_sentence("pg_restore", _text(reader_errors)))


def _start_reader(path: Path, programs: Programs, errors: IO[bytes]) -> subprocess.Popen[bytes]:
    command = programs.command("pg_restore", "--no-owner", "--no-privileges", "--file=-", str(path))
    return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors)


def _start_writer(url: str, programs: Programs, errors: IO[bytes]) -> subprocess.Popen[bytes]:
    target, environment = connection_arguments(url)
    options = ["--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", f"--dbname={target}", "--file=-"]
    return subprocess.Popen(
        programs.command("psql", *options),
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=errors,
        env=environment,
    )


def _stream(
    reader: subprocess.Popen[bytes], writer: subprocess.Popen[bytes], before: str, removed: bytes
) -> None:
    """Copy one program's output to the other's input, without `removed`, which is in its first lines."""
    assert reader.stdout is not None
    assert writer.stdin is not None
    with writer.stdin as target:
        target.write(before.encode())
        target.write(reader.stdout.read(_CHUNK).replace(removed, b"", 1))
        while chunk := reader.stdout.read(_CHUNK):
            target.write(chunk)
        if reader.wait() == 0:
            target.write(b"COMMIT;\n")


def _text(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode(errors="replace")


def _execute(url: str, statement: Any) -> None:
    """Run a statement outside a transaction, as CREATE DATABASE needs it."""
    with _connect(url) as connection, connection.cursor() as cursor:
        cursor.execute(statement)


@contextmanager
def _connect(url: str) -> Iterator[Any]:
    try:
        connection = psycopg2.connect(url, connect_timeout=10, **KEEPALIVE)
    except psycopg2.OperationalError as error:
        raise DatabaseAway from error
    with closing(connection):
        connection.autocommit = True
        yield connection
