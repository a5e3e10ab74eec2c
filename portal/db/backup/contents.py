"""Count the rows and add up the ledgers of a database, in the snapshot that a dump is taken from."""

from __future__ import annotations

from typing import Any

from psycopg2 import sql

from portal.db.backup.rules import BackupUnusable, Contents

_TABLES = """
SELECT relname FROM pg_class
WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition
ORDER BY relname
"""
# Every ledger keeps its amounts in columns with these names, so that a new one is summed without a change here.
_SUMMED = """
SELECT c.relname, a.attname
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
    AND a.attnum > 0 AND NOT a.attisdropped AND a.atttypid IN ('int4'::regtype, 'int8'::regtype, 'numeric'::regtype)
    AND a.attname ~ '(_minor|_wei|^amount|^balance|^quantity|^stock|^visits|^visits_total)$'
ORDER BY c.relname, a.attname
"""


def read_contents(connection: Any) -> Contents:
    """Return what the snapshot of a connection holds. Raises BackupUnusable if it is no database of a portal."""
    with connection.cursor() as cursor:
        cursor.execute(_TABLES)
        tables = [name for (name,) in cursor.fetchall()]
        if "_yoyo_migration" not in tables:
            raise BackupUnusable("This database has no tables of a portal: check DATABASE_URL.")
        cursor.execute("SELECT migration_id FROM public._yoyo_migration ORDER BY migration_id")
        migrations = tuple(name for (name,) in cursor.fetchall())
        cursor.execute(_SUMMED)
        summed: dict[str, list[str]] = {}
        for table, column in cursor.fetchall():
            summed.setdefault(table, []).append(column)
        rows: dict[str, int] = {}
        sums: dict[str, str] = {}
        for table in tables:
            rows[table], totals = _read_table(cursor, table, summed.get(table, []))
            sums |= {f"{table}.{column}": total for column, total in totals.items()}
    return Contents(migrations, rows, sums)


def _read_table(cursor: Any, table: str, columns: list[str]) -> tuple[int, dict[str, str]]:
    """Return the number of rows of a table and the totals of some columns."""
    totals = [
        sql.SQL(", trim_scale(coalesce(sum({}), 0))::text").format(sql.Identifier(column))
        for column in columns
    ]
    statement = sql.SQL("SELECT count(*){} FROM public.{}").format(
        sql.SQL("").join(totals), sql.Identifier(table)
    )
    cursor.execute(statement)
    count, *values = cursor.fetchone()
    return int(count), dict(zip(columns, values, strict=True))
