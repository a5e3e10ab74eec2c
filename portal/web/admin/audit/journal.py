"""The journal page: the trial balance and the transfers behind it."""

from __future__ import annotations

from flask import render_template, request

from portal.journal import JournalFilter, list_balances, list_transfers
from portal.lib.texts import identifier_form
from portal.web.admin.audit.blueprint import blueprint
from portal.web.admin.audit.presenters import transfer_rows
from portal.web.admin.commissions.section import section_nav
from portal.web.core.access import for_role
from portal.web.text.journal import BalanceRow, balance_row

_FILTER_LENGTH_MAX = 200


@blueprint.get("/journal")
@for_role("admin")
def journal() -> str:
    """Show the trial balance and the newest transfers, filtered by reference or account."""
    filters = JournalFilter(reference=_filter_text("orderReference"), account=_filter_text("account"))
    page = list_transfers(filters, request.args.get("cursor"))
    typed = {"orderReference": filters.reference, "account": filters.account}
    return render_template(
        "admin/audit/journal.html",
        balances=_balances_by_currency(),
        rows=transfer_rows(page.rows),
        query={name: value for name, value in typed.items() if value},
        typed=typed,
        next_cursor=page.next_cursor,
        section_nav=section_nav(),
    )


def _filter_text(name: str) -> str:
    return identifier_form(request.args.get(name, ""))[:_FILTER_LENGTH_MAX]


def _balances_by_currency() -> dict[str, list[BalanceRow]]:
    balances: dict[str, list[BalanceRow]] = {}
    for balance in list_balances():
        balances.setdefault(balance.currency, []).append(balance_row(balance))
    return balances
