"""The vendor's own settlements, payouts and terms."""

from __future__ import annotations

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue
from flask_login import current_user

from portal.catalogue import list_vendors_of_user
from portal.chain import checksum
from portal.commissions import (
    PayoutPlan,
    list_payouts_of_vendors,
    list_reserves,
    list_settlements,
    merchant_configs,
    read_plan,
)
from portal.web.core.access import for_role
from portal.web.text.payouts import excluded_rows, payout_row, reserve_row, schedule_facts, split_rows
from portal.web.text.settlements import next_settlement_cursor, settlement_rows

blueprint = Blueprint("vendor", __name__, url_prefix="/vendor")


@blueprint.get("/earnings")
@for_role("vendor")
def earnings() -> ResponseReturnValue:
    """Show the vendor's settlements with their breakdown, newest first, and how they are paid out."""
    vendors = list_vendors_of_user(current_user.id)
    ids = [vendor.id for vendor in vendors]
    before = request.args.get("before", type=int)
    found = list_settlements(vendor_ids=ids, before_id=before if before and before < 2**63 else None)
    plan = read_plan()
    mine = PayoutPlan(
        tuple(payout for payout in plan.payouts if payout.vendor_id in ids),
        tuple(left for left in plan.excluded if left.vendor_id in ids),
    )
    configs, reserves = merchant_configs(ids), list_reserves(ids)
    shops = []
    for vendor in vendors:
        config = configs.get(vendor.id)
        wallet = config.payout_wallet if config else None
        shops.append(
            {
                "vendor": vendor,
                "facts": schedule_facts(config),
                "wallet": checksum(wallet) if wallet else None,
                "reserves": [reserve_row(each) for each in reserves if each.vendor_id == vendor.id],
            }
        )
    return render_template(
        "vendor/earnings.html",
        shops=shops,
        rows=settlement_rows(found),
        split=split_rows(mine, ids),
        waiting=excluded_rows(mine),
        payouts=[payout_row(payout) for payout in list_payouts_of_vendors(ids)],
        next_cursor=next_settlement_cursor(found),
    )
