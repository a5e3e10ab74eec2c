"""Invariants as SQL: each file of `sql/checks/` returns the rows that break its rule, none when all is well."""

from __future__ import annotations

from typing import Any

from portal.db.connection import query
from portal.lib.folders import SQL

CHECKS_FOLDER = SQL / "checks"


def run_checks() -> dict[str, list[tuple[Any, ...]]]:
    """Return the bad rows of every broken invariant by name; an empty dict when all hold."""
    results = {path.stem: query(path.read_text()) for path in sorted(CHECKS_FOLDER.glob("*.sql"))}
    return {name: rows for name, rows in results.items() if rows}
