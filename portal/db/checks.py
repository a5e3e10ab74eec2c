"""Invariants as SQL: each file of `sql/checks/` returns the rows that break its rule, none when all is well."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from portal.db.connection import query, transaction
from portal.db.failing import require_database
from portal.db.snapshot import snapshot
from portal.lib.folders import SQL

CHECKS_FOLDER = SQL / "checks"
# A rule that a whole ledger breaks has as many bad rows, and they must fit into memory.
MOST_BAD_ROWS = 10_000
# The check is a selection of its own: for a LIMIT the planner would choose what finds the first row fast.
_SELECTION = "WITH broken AS MATERIALIZED (\n{check}\n) SELECT * FROM broken LIMIT {most}"


def run_checks() -> dict[str, list[tuple[Any, ...]]]:
    """Return the bad rows of every broken invariant by name, at most MOST_BAD_ROWS of each; {} when all hold.

    A check that cannot run does not stop the others, and has its error as its only row. Raises the error of a
    database that does not answer.
    """
    results = {path.stem: _run_check(path) for path in sorted(CHECKS_FOLDER.glob("*.sql"))}
    return {name: rows for name, rows in results.items() if rows}


def run_checks_on(url: str) -> dict[str, list[tuple[Any, ...]]]:
    """Return the bad rows of every broken invariant of another database than the bound one. Raises DatabaseAway."""
    with snapshot(url) as session, session.cursor() as cursor:
        results = {}
        for path in sorted(CHECKS_FOLDER.glob("*.sql")):
            cursor.execute(_selection(path))
            results[path.stem] = cursor.fetchall()
    return {name: rows for name, rows in results.items() if rows}


def _run_check(path: Path) -> list[tuple[Any, ...]]:
    try:
        with transaction():
            return query(_selection(path))
    except Exception as error:
        require_database(error)
        return [(f"the check cannot run: {type(error).__name__}: {error}",)]


def _selection(path: Path) -> str:
    return _SELECTION.format(check=path.read_text(), most=MOST_BAD_ROWS)
