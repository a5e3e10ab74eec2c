"""The double-entry journal: the balance of every account and the transfers behind it.

Triggers of `sql/functions` write it. See docs/rules/journal.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from models import JournalTransfer
from portal.db import Keyset, Page, query, within

JOURNAL_PAGE = 50
IN_WEI = "TOKEN"

__all__ = [
    "IN_WEI",
    "AccountBalance",
    "JournalFilter",
    "balances_of_kinds",
    "fold_journal_balances",
    "has_account",
    "list_balances",
    "list_journal_ledger",
    "list_transfers",
    "list_transfers_of",
]


_FOLD = """
WITH changes AS (DELETE FROM journal_balance_deltas RETURNING account, currency, amount),
sums AS (SELECT account, currency, sum(amount) AS amount FROM changes GROUP BY 1, 2 ORDER BY 1, 2)
INSERT INTO journal_account_balances AS b (account, currency, balance)
SELECT account, currency, amount FROM sums
ON CONFLICT (account, currency) DO UPDATE SET balance = b.balance + excluded.balance
RETURNING b.account
"""
# The maintained sums and the changes since. An account that only the changes name is one more.
_KINDS = """
SELECT kind, currency, sum(accounts)::bigint, sum(balance) FROM (
    SELECT kind, currency, accounts, balance FROM journal_kind_balances
    UNION ALL
    SELECT split_part(account, ':', 1), currency, 0, amount FROM journal_balance_deltas
    UNION ALL
    SELECT split_part(account, ':', 1), currency, 1, 0
    FROM (SELECT DISTINCT account, currency FROM journal_balance_deltas) AS changed
    LEFT JOIN LATERAL (
        SELECT true AS is_old FROM journal_account_balances b
        WHERE b.account = changed.account AND b.currency = changed.currency LIMIT 1
    ) AS known ON true
    WHERE is_old IS NULL
) AS parts GROUP BY 1, 2 ORDER BY currency, 1
"""
_BALANCES_OF_KINDS = """
SELECT kind, currency, sum(amount) FROM (
    SELECT kind, currency, balance AS amount FROM journal_kind_balances WHERE kind = ANY(%(kinds)s)
    UNION ALL
    SELECT split_part(account, ':', 1), currency, amount FROM journal_balance_deltas
    WHERE split_part(account, ':', 1) = ANY(%(kinds)s)
) AS parts GROUP BY 1, 2 HAVING sum(amount) <> 0
"""
_HAS_ACCOUNT = """
SELECT 1 FROM journal_account_balances WHERE account = %(account)s
UNION ALL
SELECT 1 FROM journal_balance_deltas WHERE account = %(account)s
LIMIT 1
"""


@dataclass(frozen=True)
class JournalFilter:
    """Which transfers to list; an empty text matches any. An account is matched exactly, such as `credit:7`."""

    reference: str = ""
    account: str = ""


@dataclass(frozen=True)
class AccountBalance:
    """One kind of account in one currency: the number of accounts, and credits less debits in minor units or wei."""

    kind: str
    currency: str
    accounts: int
    balance: int


def list_balances() -> list[AccountBalance]:
    """Return the trial balance by kind of account and currency; each currency adds up to zero.

    It reads maintained sums, so the cost grows neither with the transfers nor with the accounts.
    """
    rows = query(_KINDS)
    return [AccountBalance(kind, currency, count, int(balance)) for kind, currency, count, balance in rows]


def balances_of_kinds(kinds: Sequence[str]) -> dict[tuple[str, str], int]:
    """Return credits less debits by (kind of account, currency), of some kinds only, without empty ones."""
    rows = query(_BALANCES_OF_KINDS, {"kinds": list(kinds)})
    return {(kind, currency): int(balance) for kind, currency, balance in rows}


def has_account(account: str) -> bool:
    """Return whether a transfer names an account, such as `credit:7`."""
    return bool(query(_HAS_ACCOUNT, {"account": account}))


def fold_journal_balances() -> int:
    """Fold the recorded changes into the maintained balances and return how many balances changed.

    One statement: a reader sees either the changes or the balances they were folded into.
    """
    return len(query(_FOLD))


def list_transfers_of(order_reference: str) -> list[JournalTransfer]:
    """Return the transfers of one reference, oldest first."""
    rows = JournalTransfer.select().where(JournalTransfer.order_reference == order_reference)
    return list(rows.order_by(JournalTransfer.id))


def list_transfers(filters: JournalFilter, cursor: str | None = None) -> Page[JournalTransfer]:
    """Return a page of transfers, newest first; raise CursorInvalid."""
    return list_journal_ledger(filters).page(cursor, JOURNAL_PAGE)


def list_journal_ledger(
    filters: JournalFilter, since: date | None = None, until: date | None = None
) -> Keyset[JournalTransfer]:
    """Return every transfer for an export, newest first, from `since` on and before `until`."""
    return Keyset(within(_matching(filters), JournalTransfer.created_at, since, until), JournalTransfer.id)


def _matching(filters: JournalFilter) -> Any:
    rows = JournalTransfer.select()
    if filters.reference:
        rows = rows.where(JournalTransfer.order_reference == filters.reference)
    if filters.account:
        sides = (JournalTransfer.debit_account, JournalTransfer.credit_account)
        rows = rows.where((sides[0] == filters.account) | (sides[1] == filters.account))
    return rows
