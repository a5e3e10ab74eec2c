"""The vendor's own settlements."""

from __future__ import annotations

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue
from flask_login import current_user

from portal.commissions import list_settlements, settlement_totals
from portal.shop import list_vendors_of_user
from portal.web.access import for_role
from portal.web.settlement_words import next_settlement_cursor, settlement_row, totals_by_currency

blueprint = Blueprint("vendor", __name__, url_prefix="/vendor")


@blueprint.get("/earnings")
@for_role("vendor")
def earnings() -> ResponseReturnValue:
    """Show the vendor's settlements with their breakdown, newest first."""
    vendors = list_vendors_of_user(current_user.id)
    ids = [vendor.id for vendor in vendors]
    settlements = list_settlements(vendor_ids=ids, before_id=request.args.get("before", type=int))
    return render_template(
        "vendor/earnings.html",
        vendors=vendors,
        rows=[settlement_row(settlement) for settlement in settlements],
        totals=totals_by_currency(settlement_totals(ids)),
        next_cursor=next_settlement_cursor(settlements),
    )
