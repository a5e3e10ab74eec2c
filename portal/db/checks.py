"""Invariants as SQL: each file of `sql/checks/` returns the rows that break its rule, none when all is well."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from portal.db.connection import query

CHECKS_FOLDER = Path(__file__).resolve().parents[2] / "sql" / "checks"


def run_checks() -> dict[str, list[tuple[Any, ...]]]:
    """Return the bad rows of every broken invariant by name; an empty dict when all hold."""
    results = {path.stem: query(path.read_text()) for path in sorted(CHECKS_FOLDER.glob("*.sql"))}
    return {name: rows for name, rows in results.items() if rows}
