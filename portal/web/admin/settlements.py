"""The settlement ledger with its breakdowns."""

from __future__ import annotations

from flask import render_template, request
from flask.typing import ResponseReturnValue

from portal.commissions import list_settlements, settlement_totals
from portal.web.access import for_role
from portal.web.admin.blueprint import blueprint
from portal.web.requests import portal
from portal.web.settlement_words import next_settlement_cursor, settlement_row, totals_by_currency


@blueprint.get("/store/commissions")
@for_role("admin")
def settlements() -> ResponseReturnValue:
    """Show the settlement ledger, newest first."""
    reference = request.args.get("orderReference", "").strip()
    found = list_settlements(
        order_reference=reference or None, before_id=request.args.get("before", type=int)
    )
    return render_template(
        "admin/settlements.html",
        rows=[settlement_row(settlement) for settlement in found],
        totals=totals_by_currency(settlement_totals()),
        reference=reference,
        next_cursor=next_settlement_cursor(found),
        payout_mode=portal().settings.settlement_payout_mode,
    )
