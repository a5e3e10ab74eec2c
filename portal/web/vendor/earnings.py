"""The vendor's own settlements, payouts and terms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from portal.catalogue import list_vendors_of_user
from portal.chain import checksum
from portal.commissions import (
    Reserve,
    SettlementFilter,
    list_payouts_of_vendors,
    list_reserves,
    list_settlements,
    list_state_sums,
    merchant_configs,
    read_plan,
)
from portal.db import page_of_list
from portal.web.core.access import for_role
from portal.web.core.current_user import current_user
from portal.web.core.locale import select_locale
from portal.web.text.payouts import (
    ReserveRow,
    payout_row,
    reserve_row,
    schedule_facts,
    split_rows,
    waiting_rows,
)
from portal.web.text.settlements import settlement_rows

if TYPE_CHECKING:
    from models import MerchantConfig, Vendor

SHOPS_PAGE = 6

blueprint = Blueprint("vendor", __name__, url_prefix="/vendor")


@dataclass(frozen=True, slots=True)
class ShopView:
    """A shop of the vendor: its payout schedule, wallet and reserves."""

    id: int
    name: str
    facts: tuple[tuple[str, str], ...]
    wallet: str | None
    reserves: tuple[ReserveRow, ...]


@blueprint.get("/earnings")
@for_role("vendor")
def earnings() -> ResponseReturnValue:
    """Show the settlements with their breakdown, newest first, and the payouts."""
    vendors = list_vendors_of_user(current_user().id, select_locale())
    ids = [vendor.id for vendor in vendors]
    settlements = list_settlements(SettlementFilter(), request.args.get("cursor"), ids)
    payouts = list_payouts_of_vendors(ids, request.args.get("payouts_cursor"))
    plan = read_plan(vendor_ids=ids)
    shops = page_of_list(vendors, request.args.get("shops"), SHOPS_PAGE, lambda vendor: (vendor.id,))
    shown = [vendor.id for vendor in shops.rows]
    configs, reserves = merchant_configs(shown), list_reserves(shown)
    return render_template(
        "vendor/earnings.html",
        shops=[_shop(vendor, configs.get(vendor.id), reserves) for vendor in shops.rows],
        next_shop=shops.next_cursor,
        rows=settlement_rows(settlements.rows),
        split=split_rows(plan, list_state_sums(ids)),
        waiting=waiting_rows(plan),
        payouts=[payout_row(payout) for payout in payouts.rows],
        next_payout=payouts.next_cursor,
        next_cursor=settlements.next_cursor,
    )


def _shop(vendor: Vendor, config: MerchantConfig | None, reserves: list[Reserve]) -> ShopView:
    wallet = config.payout_wallet if config else None
    return ShopView(
        id=vendor.id,
        name=vendor.name,
        facts=tuple(schedule_facts(config)),
        wallet=checksum(wallet) if wallet else None,
        reserves=tuple(reserve_row(reserve) for reserve in reserves if reserve.vendor_id == vendor.id),
    )
