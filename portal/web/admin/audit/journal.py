"""The journal: the trial balance and the transfers."""

from __future__ import annotations

from flask import render_template, request

from portal.journal import JOURNAL_PAGE, JournalFilter, list_balances, list_transfers
from portal.web.admin.audit.blueprint import blueprint
from portal.web.admin.commissions.section import section_nav
from portal.web.core.access import for_role
from portal.web.text.journal import BalanceRow, balance_row, transfer_row


@blueprint.get("/journal")
@for_role("admin")
def journal() -> str:
    """Show the trial balance and the newest transfers, filtered by reference or account."""
    filters = JournalFilter(
        request.args.get("orderReference", "").strip()[:200], request.args.get("account", "").strip()[:200]
    )
    before = request.args.get("before", type=int)
    transfers = list_transfers(filters, before if before and 0 < before < 2**63 else None)
    balances: dict[str, list[BalanceRow]] = {}
    for balance in list_balances():
        balances.setdefault(balance.currency, []).append(balance_row(balance))
    typed = {"orderReference": filters.reference, "account": filters.account}
    return render_template(
        "admin/audit/journal.html",
        balances=balances,
        rows=[transfer_row(transfer) for transfer in transfers],
        query={name: value for name, value in typed.items() if value},
        typed=typed,
        next_cursor=transfers[-1].id if len(transfers) == JOURNAL_PAGE else None,
        section_nav=section_nav(),
    )
