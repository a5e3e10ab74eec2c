"""The double-entry journal: what every account holds and how it came there. Triggers of `sql/015` write it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from models import JournalTransfer
from portal.db import Keyset, query, within

JOURNAL_PAGE = 50
IN_WEI = "TOKEN"

__all__ = [
    "IN_WEI",
    "JOURNAL_PAGE",
    "AccountBalance",
    "JournalFilter",
    "list_balances",
    "list_journal_ledger",
    "list_transfers",
    "list_transfers_of",
]


@dataclass(frozen=True)
class JournalFilter:
    """What to show of the journal; an empty text means any. An account is matched whole, `credit:7`."""

    reference: str = ""
    account: str = ""


@dataclass(frozen=True)
class AccountBalance:
    """One kind of account in one currency: how many accounts, and credits less debits in minor units or wei."""

    kind: str
    currency: str
    accounts: int
    balance: int


def list_balances() -> list[AccountBalance]:
    """Return the trial balance by kind of account and currency; each currency adds up to zero."""
    rows = query(
        """SELECT split_part(account, ':', 1), currency, count(*), sum(balance) FROM journal_balances
           GROUP BY 1, 2 ORDER BY currency, 1"""
    )
    return [AccountBalance(kind, currency, count, int(balance)) for kind, currency, count, balance in rows]


def list_transfers_of(order_reference: str) -> list[JournalTransfer]:
    """Return the transfers of one reference, oldest first."""
    rows = JournalTransfer.select().where(JournalTransfer.order_reference == order_reference)
    return list(rows.order_by(JournalTransfer.id))


def list_transfers(wanted: JournalFilter, before_id: int | None = None) -> list[JournalTransfer]:
    """Return transfers, newest first, at most a page, older than `before_id`."""
    rows = _wanted(wanted)
    if before_id is not None:
        rows = rows.where(JournalTransfer.id < before_id)
    return list(rows.order_by(JournalTransfer.id.desc()).limit(JOURNAL_PAGE))


def list_journal_ledger(
    wanted: JournalFilter, since: date | None = None, until: date | None = None
) -> Keyset[JournalTransfer]:
    """Return every transfer for an export, newest first, from `since` on and before `until`."""
    return Keyset(within(_wanted(wanted), JournalTransfer.created_at, since, until), JournalTransfer.id)


def _wanted(wanted: JournalFilter) -> Any:
    rows = JournalTransfer.select()
    if wanted.reference:
        rows = rows.where(JournalTransfer.order_reference == wanted.reference)
    if wanted.account:
        sides = (JournalTransfer.debit_account, JournalTransfer.credit_account)
        rows = rows.where((sides[0] == wanted.account) | (sides[1] == wanted.account))
    return rows
