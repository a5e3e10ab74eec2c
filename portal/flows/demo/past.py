"""Let demo steps happen in the past: what a step wrote gets the time at which it is meant to have happened.

The steps are the real flows, which read the clock and the database's time. Everything runs in one transaction, whose
`now()` stands still, so the rows of the present step are those with a time from then on.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from portal.db import query

# Tables that refuse changes once the demo data is written.
_APPEND_ONLY = ("event_log", "stock_movements", "credit_entries", "journal_transfers")

_COLUMNS = {
    "users": ("created_at", "referred_at", "email_confirmed_at"),
    "wallets": ("created_at",),
    "refcodes": ("created_at",),
    "vendors": ("created_at",),
    "products": ("created_at",),
    "product_pictures": ("created_at",),
    "stores": ("created_at",),
    "customers": ("created_at",),
    "orders": ("created_at", "paid_at"),
    "order_deliveries": ("created_at",),
    "order_fulfilments": ("created_at", "updated_at"),
    "store_orders": ("updated_at",),
    "store_events": ("received_at",),
    "payment_transactions": ("created_at", "updated_at", "paid_at"),
    "payment_refunds": ("created_at", "updated_at", "applied_at"),
    "credit_entries": ("created_at",),
    "stock_movements": ("created_at",),
    "membership_months": ("created_at", "starts_at"),
    "code_aliases": ("created_at",),
    "settlements": ("created_at", "updated_at", "processed_at"),
    "erp_sales_assists": ("created_at",),
    "payout_batches": ("created_at", "completed_at"),
    "payouts": ("created_at", "processed_at"),
    "commission_statements": ("created_at", "period_end", "paid_at"),
    "referral_rewards": ("created_at", "updated_at", "approved_at", "mintable_from"),
    "reward_approvals": ("created_at",),
    "journal_transfers": ("created_at",),
    "notifications": ("created_at",),
    "mail_outbox": ("created_at",),
    "event_log": ("at",),
}


@contextmanager
def writable_history() -> Iterator[None]:
    """Allow `moved_to` inside the caller's transaction; afterwards the append-only tables refuse changes again."""
    _switch_guards("DISABLE")
    yield
    query("SET CONSTRAINTS ALL IMMEDIATE")
    _switch_guards("ENABLE")


@contextmanager
def moved_to(moment: datetime) -> Iterator[None]:
    """Move what the block writes to a moment of the past."""
    yield
    query(_MOVE, {"moment": moment})


def _move(table: str, columns: tuple[str, ...]) -> str:
    """Return the update of one table; times of the future, such as due dates, stay as they are."""
    written = {column: f"{column} BETWEEN now() AND clock_timestamp()" for column in columns}
    changes = ", ".join(
        f"{column} = CASE WHEN {is_written} THEN %(moment)s + ({column} - now()) ELSE {column} END"
        for column, is_written in written.items()
    )
    return f"UPDATE {table} SET {changes} WHERE {' OR '.join(written.values())}"  # noqa: S608 - constants


# Written once: no two of these statements touch one row.
_MOVE = ";\n".join(_move(table, columns) for table, columns in _COLUMNS.items())


def _switch_guards(verb: str) -> None:
    for table in _APPEND_ONLY:
        query(f"ALTER TABLE {table} {verb} TRIGGER {table}_append_only")
