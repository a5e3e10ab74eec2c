"""Which statements a piece of work issues, and which of them read a large table from end to end."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import psycopg2

from portal.db import Prepared
from portal.db.connection import PortalDatabase
from portal.db.prepared import numbered

LARGE_ROWS = 5_000
# Estimated cost of a statement that looks up some pages; a table of LARGE_ROWS costs more to read.
_CHEAP = 600
# A page shows at most some hundred rows and counts queues up to a thousand, among others that it drops.
MOST_ROWS = LARGE_ROWS // 2
# These read all their input before the first row, so that a LIMIT above does not stop it.
_READ_ALL = {"Sort", "Incremental Sort", "Aggregate", "Hash", "WindowAgg", "ModifyTable", "Materialize"}
_EXPLAINED = re.compile(r"\s*(SELECT|WITH|UPDATE|DELETE|INSERT)\b", re.IGNORECASE)
# The catalogue grows with what is sold, not with sales; totals and balances have a few rows for each vendor.
_CATALOGUE = {
    "vendors", "products", "product_slugs", "merchant_configs", "settlement_totals", "journal_account_balances",
}  # fmt: skip
_LARGE = f"SELECT relname FROM pg_class WHERE relkind = 'r' AND reltuples >= {LARGE_ROWS}"


@contextmanager
def recorded_statements() -> Iterator[list[tuple[str, Any]]]:
    """Yield the statements that the bound database is sent in the block, with their parameters."""
    statements: list[tuple[str, Any]] = []
    send = PortalDatabase.execute_sql

    def record(self: PortalDatabase, sql: str, params: Any = None, *args: Any, **kwargs: Any) -> Any:
        statements.append((sql, params))
        return send(self, sql, params, *args, **kwargs)

    PortalDatabase.execute_sql = record
    try:
        yield statements
    finally:
        PortalDatabase.execute_sql = send


def find_scans(url: str, statements: list[tuple[str, Any]]) -> dict[str, str]:
    """Return the statements that read a large table from end to end, each with its tables and estimated cost."""
    scans: dict[str, str] = {}
    with closing(psycopg2.connect(url)) as session, session.cursor() as cursor:
        large = _large_tables(cursor)
        for sql, params in _single(statements):
            if not _EXPLAINED.match(sql):
                continue
            (plan,) = _explain(cursor, sql, params)
            found = sorted(set(_unbounded(plan["Plan"], large)))
            if found and plan["Plan"]["Total Cost"] > _CHEAP:
                scans[" ".join(sql.split())] = f"{', '.join(found)} cost {plan['Plan']['Total Cost']:.0f}"
            session.rollback()
    return scans


def _large_tables(cursor: Any) -> set[str]:
    cursor.execute(_LARGE)
    return {name for (name,) in cursor.fetchall()} - _CATALOGUE


def _explain(cursor: Any, sql: str, params: Any) -> Any:
    """Return the plan of a statement: the one for any values if it is prepared."""
    if isinstance(sql, Prepared):
        body, arguments = numbered(sql)
        cursor.execute("SET LOCAL plan_cache_mode = force_generic_plan")
        cursor.execute(f"PREPARE explained AS {body}", params)
        cursor.execute(f"EXPLAIN (FORMAT JSON) EXECUTE explained{arguments}", params)
        (plan,) = cursor.fetchone()
        cursor.execute("DEALLOCATE explained")
    else:
        cursor.execute(f"EXPLAIN (FORMAT JSON) {sql}", params or None)
        (plan,) = cursor.fetchone()
    return json.loads(json.dumps(plan))


def find_long_reads(
    url: str, statements: list[tuple[str, Any]], most_rows: int = MOST_ROWS, given: str = ""
) -> dict[str, str]:
    """Return the statements that really read more rows of a large table in one scan, however cheap that is.

    `given` changes rows before, and nothing of it is kept.
    """
    long: dict[str, str] = {}
    with closing(psycopg2.connect(url)) as session, session.cursor() as cursor:
        large = _large_tables(cursor)
        for sql, params in _single(statements):
            if not _EXPLAINED.match(sql):
                continue
            if given:
                cursor.execute(given)
            cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}", params or None)
            ((plan,),) = cursor.fetchone()
            session.rollback()
            found = {table: rows for table, rows in _rows_read(plan["Plan"], large) if rows > most_rows}
            if found:
                long[" ".join(sql.split())] = f"rows read {found}"
    return long


def _rows_read(node: dict[str, Any], large: set[str]) -> Iterator[tuple[str, int]]:
    """Yield each scan of a large table with the rows that it read, those that a filter dropped included."""
    if node.get("Relation Name") in large and "Scan" in node["Node Type"]:
        dropped = ("Rows Removed by Filter", "Rows Removed by Index Recheck")
        rows = node["Actual Rows"] + sum(node.get(name, 0) for name in dropped)
        yield node["Relation Name"], round(rows * node["Actual Loops"])
    for child in node.get("Plans", []):
        yield from _rows_read(child, large)


def _single(statements: list[tuple[str, Any]]) -> Iterator[tuple[str, Any]]:
    """Yield each statement of those that are sent together."""
    for sql, params in statements:
        kind = Prepared if isinstance(sql, Prepared) else str
        yield from ((kind(part), params) for part in re.split(r";\s*\n", sql))


def _unbounded(node: dict[str, Any], large: set[str], is_limited: bool = False) -> Iterator[str]:
    """Yield "kind of scan table" for each scan of a large table that neither an index condition nor a LIMIT ends."""
    kind = node["Node Type"]
    is_limited = kind == "Limit" or (is_limited and kind not in _READ_ALL)
    if node.get("Relation Name") in large and "Scan" in kind and not is_limited and not _has_condition(node):
        yield f"{kind} {node['Relation Name']}"
    for child in node.get("Plans", []):
        yield from _unbounded(child, large, is_limited)


def _has_condition(node: dict[str, Any]) -> bool:
    """Return whether an index answers a condition of a scan; a bitmap scan has it in the scan of the index below."""
    return "Index Cond" in node or any(map(_has_condition, node.get("Plans", [])))
