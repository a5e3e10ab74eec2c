"""The journal page: the trial balance and the transfers behind it."""

from __future__ import annotations

from flask import render_template, request

from portal.journal import JournalFilter, list_balances, list_transfers
from portal.lib.texts import identifier_form
from portal.web.admin.audit.blueprint import blueprint
from portal.web.admin.audit.presenters import transfer_rows
from portal.web.admin.commissions.section import section_nav
from portal.web.core.access import for_role
from portal.web.core.filters import read_reference
from portal.web.text.journal import BalanceRow, balance_row

_FILTER_LENGTH_MAX = 200


@blueprint.get("/journal")
@for_role("admin")
def journal() -> str:
    """Show the trial balance and the newest transfers, filtered by reference or account."""
    typed = {name: _filter_text(name) for name in ("orderReference", "account")}
    filters = JournalFilter(reference=read_reference(typed["orderReference"]), account=typed["account"])
    page = list_transfers(filters, request.args.get("cursor"))
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
