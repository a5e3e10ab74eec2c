"""Invariants as SQL: each file of `sql/checks/` returns the rows that break its rule, none when all is well."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from portal.db.connection import query, transaction
from portal.db.failing import require_database
from portal.db.snapshot import snapshot
from portal.lib.folders import SQL

CHECKS_FOLDER = SQL / "checks"


def run_checks() -> dict[str, list[tuple[Any, ...]]]:
    """Return the bad rows of every broken invariant by name; an empty dict when all hold.

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
            cursor.execute(path.read_text())
            results[path.stem] = cursor.fetchall()
    return {name: rows for name, rows in results.items() if rows}


def _run_check(path: Path) -> list[tuple[Any, ...]]:
    try:
        with transaction():
            return query(path.read_text())
    except Exception as error:
        require_database(error)
        return [(f"the check cannot run: {type(error).__name__}: {error}",)]
