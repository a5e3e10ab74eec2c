"""The journal page: the trial balance and the transfers behind it."""

from __future__ import annotations

from flask import render_template, request

from portal.journal import list_balances, list_transfers
from portal.web.admin.audit.blueprint import blueprint
from portal.web.admin.audit.filters import read_journal_view
from portal.web.admin.audit.presenters import transfer_rows
from portal.web.admin.commissions.section import section_nav
from portal.web.core.access import for_role
from portal.web.text.journal import BalanceRow, balance_row


@blueprint.get("/journal")
@for_role("admin")
def journal() -> str:
    """Show the trial balance and the newest transfers, filtered by reference or account."""
    view = read_journal_view(request.args)
    page = list_transfers(view.filter, request.args.get("cursor"))
    return render_template(
        "admin/audit/journal.html",
        balances=_balances_by_currency(),
        rows=transfer_rows(page.rows),
        view=view,
        next_cursor=page.next_cursor,
        section_nav=section_nav(),
    )


def _balances_by_currency() -> dict[str, list[BalanceRow]]:
    balances: dict[str, list[BalanceRow]] = {}
    for balance in list_balances():
        balances.setdefault(balance.currency, []).append(balance_row(balance))
    return balances
