"""The schema as SQL text: `python -m tests.house.schema` (`make schema`) rewrites sql/schema.sql."""

from __future__ import annotations

import re
import subprocess

from portal.dev.postgres import postgres_binaries
from portal.lib.folders import SQL
from tests.support.databases import server_url
from tests.support.run import close_run, open_run

SCHEMA = SQL / "schema.sql"
_HEADER = (
    "-- Tables, views and triggers after all migrations and functions; sql/functions has the functions.\n"
    "-- Generated: run `make schema` after changing sql/.\n\n"
)
_OPTIONS = ("--schema-only", "--no-owner", "--no-privileges", "--exclude-table=*yoyo*")
# Comments, session settings and psql commands: they differ between runs and versions of pg_dump.
_NOISE = re.compile(r"^(?:--.*|SET .*|SELECT pg_catalog\.set_config.*|\\(?:un)?restrict .*)\n", re.MULTILINE)

_FUNCTION = re.compile(r"^CREATE FUNCTION .*?^\$\$;\n", re.MULTILINE | re.DOTALL)


def dump_schema(database_url: str) -> str:
    """Return the schema of a database as pg_dump of the embedded PostgreSQL writes it, without noise."""
    command = [str(postgres_binaries() / "pg_dump"), *_OPTIONS, database_url]
    dump = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    text = _FUNCTION.sub("", _NOISE.sub("", dump))
    return _HEADER + re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"


def main() -> None:
    open_run()
    try:
        SCHEMA.write_text(dump_schema(server_url("embedded")))
    finally:
        close_run()


if __name__ == "__main__":
    main()
