"""Multiply the demo data: every ledger gets many rows that look like real ones, with real statistics."""

from __future__ import annotations

from typing import Any

# Rows that stand for the whole installation, that another table counts, or that a job removes every few seconds.
_SINGLE = (
    "_yoyo%", "yoyo%", "applied_functions", "platform_config", "currencies", "programme_versions", "stores",
    "installation", "chain_leaders", "chain_state", "chain_audit", "exchange_rates", "commission_structures",
    "platform_visits", "picture_files", "%_deltas",
)  # fmt: skip
_NAMES = {"email", "alias", "order_reference", "order_id", "entity_id", "ref_code", "referral_code", "code"}
# Words of a list that are part of a key.
_WORDS = {
    "currency",
    "status",
    "reason",
    "kind",
    "provider",
    "purpose",
    "queue",
    "rail",
    "tier",
    "month",
    "locale",
}
_STEP = 1_000_000

_COLUMNS = """
SELECT c.relname, a.attname, format_type(a.atttypid, NULL),
    EXISTS (SELECT FROM pg_index i WHERE i.indrelid = c.oid AND i.indisunique AND a.attnum = ANY (i.indkey)),
    (SELECT t.relname FROM pg_constraint k JOIN pg_class t ON t.oid = k.confrelid
     WHERE k.conrelid = c.oid AND k.contype = 'f' AND k.conkey = ARRAY[a.attnum] LIMIT 1)
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped
    AND a.attgenerated = ''
ORDER BY c.relname, a.attnum
"""
# Another order, account or hash for each copy, in the form that the column's check asks for.
_TEXT = """CASE WHEN {0} ~ '^0x[0-9a-f]{{40}}$' THEN '0x' || md5({0} || n) || right({0}, 8)
    WHEN {0} ~ '^0x[0-9a-f]{{64}}$' THEN '0x' || md5({0} || n) || md5(n || {0})
    WHEN {0} ~ '^[0-9a-f]{{64}}$' THEN md5({0} || n) || md5(n || {0})
    WHEN {0} ~ '^(store|membership)_' THEN regexp_replace({0}, '^(store|membership)_', '\\1_' || n || 'x')
    WHEN {0} ~ '^[0-9]+$' THEN ({0}::bigint + n * {1})::text
    ELSE n || 'x' || {0} END"""

# Of long ledgers nearly everything is done; what waits is short.
_MOSTLY_DONE = f"""
UPDATE referral_rewards SET status = 'minted', tx_hash = '0x' || md5(id::text) || md5(id::text)
WHERE status = 'pending_approval' AND id > {50 * _STEP};
UPDATE settlements SET status = 'completed', processed_at = now() WHERE status = 'pending' AND id > {50 * _STEP};
UPDATE orders SET status = 'cancelled' WHERE status = 'created' AND id > '50x';
UPDATE webhook_endpoints SET disabled_at = now(), disabled_reason = 'admin' WHERE id > {_STEP};
UPDATE payment_transactions SET status = 'cancelled' WHERE status = 'redirected' AND id > {50 * _STEP};
"""


def multiply_rows(cursor: Any, copies: int) -> dict[str, int]:
    """Copy every row of the ledgers `copies` times and return the number of rows of each table.

    The session needs `session_replication_role = replica`: maintained totals are copied like the rows they sum.
    """
    cursor.execute("SET session_replication_role = replica")
    cursor.execute(
        "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'"
        " AND relname LIKE ANY (%s)",
        [list(_SINGLE)],
    )
    single = {name for (name,) in cursor.fetchall()}
    cursor.execute(_COLUMNS)
    columns: dict[str, list[tuple[str, str, bool, str | None]]] = {}
    for table, *column in cursor.fetchall():
        columns.setdefault(table, []).append(tuple(column))
    counts = {}
    for table in columns.keys() - single:
        values = {name: _copied(name, kind, is_unique, refers_to, single)
                  for name, kind, is_unique, refers_to in columns[table]}  # fmt: skip
        names = ", ".join(f'"{name}"' for name in values)
        cursor.execute(
            f'INSERT INTO "{table}" ({names}) SELECT {", ".join(values.values())}'
            f' FROM "{table}", generate_series(1::bigint, {copies}) AS n'
        )
        counts[table] = cursor.rowcount
    cursor.execute(_MOSTLY_DONE)
    cursor.execute("SET session_replication_role = DEFAULT; ANALYZE")
    return counts


def _copied(name: str, kind: str, is_unique: bool, refers_to: str | None, single: set[str]) -> str:
    """Return the value of a column in copy number n."""
    quoted = f'"{name}"'
    if refers_to in single:
        return quoted
    is_key = is_unique or refers_to is not None or name in _NAMES
    if (
        kind in ("bigint", "integer")
        and (is_key or name.endswith("_id"))
        and name not in ("chain_id", "store_id")
    ):
        return f"{quoted} + n * {_STEP}" if kind == "bigint" else f"{quoted} + n::int"
    if kind == "text" and is_key and name not in _WORDS:
        return _TEXT.format(quoted, _STEP)
    if kind == "bytea" and is_key:
        return f"sha256({quoted} || convert_to(n::text, 'UTF8'))"
    if kind == "timestamp with time zone":
        return f"{quoted} - n * interval '1 minute'"
    if kind == "date":
        return f"{quoted} - (n % 28)::int"
    return quoted
