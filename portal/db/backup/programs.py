"""Find the programs of PostgreSQL that fit a server, and run them without showing a password."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from psycopg2.extensions import make_dsn, parse_dsn

from portal.db.backup.rules import BackupUnusable
from portal.dev.postgres import postgres_binaries
from portal.dev.processes import LocalRuntimeError

_NAMES = ("pg_dump", "pg_restore", "psql")
_MAJOR = re.compile(r"\(PostgreSQL\) (\d+)")


@dataclass(frozen=True)
class Programs:
    """A folder with pg_dump, pg_restore and psql of one version."""

    folder: Path
    major: int

    def command(self, name: str, *arguments: str) -> list[str]:
        """Return the command line of one program."""
        return [str(self.folder / name), *arguments]


def find_programs(server_major: int) -> Programs:
    """Return the programs of the server's version, else of the next newer one; raise BackupUnusable.

    A program reads servers of its own version and older ones.
    """
    found = [Programs(folder, major) for folder in _folders() if (major := _major(folder)) >= server_major]
    if not found:
        raise BackupUnusable(
            f"No pg_dump, pg_restore and psql of PostgreSQL {server_major} or newer were found: install"
            f" postgresql-client-{server_major}, or set PORTAL_POSTGRES_BIN to their folder."
        )
    return min(found, key=lambda programs: programs.major)


def connection_arguments(url: str) -> tuple[str, Mapping[str, str]]:
    """Return a connection string without the password, which every user of the machine could read, and an environment.

    The environment has the password.
    """
    parts = parse_dsn(url)
    password = parts.pop("password", None)
    environment = {**os.environ, **({"PGPASSWORD": password} if password else {})}
    return make_dsn("", **parts), environment


def run_program(command: list[str], environment: Mapping[str, str] | None = None) -> str:
    """Run a program of PostgreSQL and return its output. Raises BackupUnusable with the reason it gave."""
    result = subprocess.run(
        command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if result.returncode:
        raise BackupUnusable(failure_sentence(command[0], result.stderr))
    return result.stdout


def failure_sentence(program: str, output: str) -> str:
    """Return the first error in the output of a program as a sentence."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    reason = next(
        (line for line in lines if "error:" in line.lower()), lines[-1] if lines else "no reason given"
    )
    return f"{Path(program).name} failed: {reason.rstrip('.')}."


def _folders() -> Iterator[Path]:
    if chosen := os.environ.get("PORTAL_POSTGRES_BIN"):
        yield Path(chosen)
    yield from (Path(folder) for folder in os.get_exec_path())
    yield from Path("/usr/lib/postgresql").glob("*/bin")
    with suppress(LocalRuntimeError):
        yield postgres_binaries()


def _major(folder: Path) -> int:
    """Return the version of the programs in a folder, 0 if one is missing."""
    if not all((folder / name).is_file() for name in _NAMES):
        return 0
    match = _MAJOR.search(run_program([str(folder / "pg_dump"), "--version"]))
    return int(match[1]) if match else 0
