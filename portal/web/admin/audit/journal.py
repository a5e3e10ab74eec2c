"""The journal page: the trial balance and the transfers behind it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from flask import render_template, request

from portal.flows.audit.account_owners import find_account_owners
from portal.journal import JOURNAL_PAGE, JournalFilter, list_balances, list_transfers
from portal.web.admin.audit.blueprint import blueprint
from portal.web.admin.commissions.section import section_nav
from portal.web.core.access import for_role
from portal.web.text.journal import BalanceRow, TransferRow, balance_row, transfer_row

if TYPE_CHECKING:
    from models import JournalTransfer

_FILTER_LENGTH_MAX = 200


@blueprint.get("/journal")
@for_role("admin")
def journal() -> str:
    """Show the trial balance and the newest transfers, filtered by reference or account."""
    filters = JournalFilter(reference=_filter_text("orderReference"), account=_filter_text("account"))
    before = request.args.get("before", type=int)
    transfers = list_transfers(filters, before if before and 0 < before < 2**63 else None)
    typed = {"orderReference": filters.reference, "account": filters.account}
    return render_template(
        "admin/audit/journal.html",
        balances=_balances_by_currency(),
        rows=transfer_rows(transfers),
        query={name: value for name, value in typed.items() if value},
        typed=typed,
        next_cursor=transfers[-1].id if len(transfers) == JOURNAL_PAGE else None,
        section_nav=section_nav(),
    )


def transfer_rows(transfers: Sequence[JournalTransfer]) -> list[TransferRow]:
    """Return transfers as a table shows them, with the names behind their accounts."""
    accounts = [account for each in transfers for account in (each.debit_account, each.credit_account)]
    owners = find_account_owners(accounts)
    return [transfer_row(transfer, owners) for transfer in transfers]


def _filter_text(name: str) -> str:
    return request.args.get(name, "").strip()[:_FILTER_LENGTH_MAX]


def _balances_by_currency() -> dict[str, list[BalanceRow]]:
    balances: dict[str, list[BalanceRow]] = {}
    for balance in list_balances():
        balances.setdefault(balance.currency, []).append(balance_row(balance))
    return balances
