"""The double-entry journal: what every account holds and how it came there. Triggers of `sql/015` write it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import reduce
from operator import and_

from models import JournalTransfer
from portal.db import query

JOURNAL_PAGE = 50
IN_WEI = "TOKEN"

__all__ = [
    "IN_WEI",
    "JOURNAL_PAGE",
    "AccountBalance",
    "JournalFilter",
    "iter_transfers",
    "list_balances",
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
    matches = [JournalTransfer.id < before_id] if before_id is not None else []
    if wanted.reference:
        matches.append(JournalTransfer.order_reference == wanted.reference)
    if wanted.account:
        matches.append(
            (JournalTransfer.debit_account == wanted.account)
            | (JournalTransfer.credit_account == wanted.account)
        )
    rows = JournalTransfer.select().order_by(JournalTransfer.id.desc()).limit(JOURNAL_PAGE)
    return list(rows.where(reduce(and_, matches)) if matches else rows)


def iter_transfers(wanted: JournalFilter) -> Iterator[JournalTransfer]:
    """Yield every transfer, newest first, page by page."""
    before: int | None = None
    while page := list_transfers(wanted, before):
        yield from page
        before = page[-1].id
