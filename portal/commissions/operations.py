"""Write the commission ledger of a paid order: one settlement per vendor with its sales assist."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from models import SalesAssist
from portal.commissions.queries import VendorTerms
from portal.commissions.rules import CommissionBreakdown, breakdown_as_json, compute_commission
from portal.commissions.schedule import payout_time
from portal.db import Change, RowEvent
from portal.programme.rules import ReferralLine

_WRITE = """
INSERT INTO settlements
    (order_reference, order_id, vendor_id, kind, amount_minor, currency, collected_by, commission_minor,
    net_payout_minor, status, scheduled_for, failure_reason, platform_commission_minor, referral_commission_minor,
    split_commissions, metadata)
SELECT order_reference, order_id, vendor_id, 'sale', amount_minor, currency, collected_by, commission_minor,
    net_payout_minor, status, scheduled_for, failure_reason, platform_commission_minor, referral_commission_minor,
    split_commissions, metadata
FROM settlement_rows
ORDER BY place
ON CONFLICT DO NOTHING
RETURNING order_reference || ':' || vendor_id AS key, id::text AS id, order_reference, order_id, vendor_id,
    amount_minor, currency
"""
_COLUMNS = """order_reference text, order_id text, currency text, collected_by text, vendor_id bigint,
    amount_minor bigint, commission_minor bigint, net_payout_minor bigint, status text, scheduled_for timestamptz,
    failure_reason text, platform_commission_minor bigint, referral_commission_minor bigint, split_commissions jsonb,
    metadata jsonb"""
_ASSIST = """
INSERT INTO erp_sales_assists
    (order_reference, order_id, vendor_id, referral_code, referrer_user_id, subtotal_minor, currency)
SELECT order_reference, s.order_id, s.vendor_id, r.code, r.referrer_user_id, s.amount_minor, s.currency
FROM settlement s JOIN assists_rows r USING (order_reference)
ORDER BY r.place, s.vendor_id
ON CONFLICT DO NOTHING
"""
_ASSIST_COLUMNS = "order_reference text, code text, referrer_user_id bigint"


@dataclass(frozen=True)
class PaidOrder:
    """The facts of a paid order that settlements are written from; `referral_code` is None without attribution."""

    order_reference: str
    order_id: str
    currency: str
    paid_at: datetime
    referral_code: str | None
    referrer_user_id: int | None
    collected_by: str


@dataclass(frozen=True)
class NewSettlement:
    """What a sale owes one vendor, and when it falls due."""

    vendor_id: int
    breakdown: CommissionBreakdown
    scheduled_for: datetime

    @property
    def status(self) -> str:
        return "held" if self.breakdown.held_reason else "pending"


def decide_settlement(
    order: PaidOrder, terms: VendorTerms, lines: Sequence[ReferralLine], zone: ZoneInfo
) -> NewSettlement:
    """Return one vendor's settlement of a paid order.

    A slice whose commission exceeds its subtotal is held with the reason. See docs/rules/settlements.md.
    """
    breakdown = compute_commission(
        lines, terms.platform_percent, terms.custom_splits, attributed=order.referral_code is not None
    )
    due = payout_time(order.paid_at, terms.hold_days, terms.payout_frequency, zone)
    return NewSettlement(terms.vendor_id, breakdown, due)


def write_settlements(order: PaidOrder, settlements: Sequence[NewSettlement]) -> list[Change]:
    """Return the changes that write the settlements of a paid order, with an assist each if attributed.

    One that exists stays as it is, without another event. The key is the reference with the vendor.
    """
    events = [
        RowEvent(
            f"{order.order_reference}:{each.vendor_id}",
            "settlement_written",
            to_status=each.status,
            reason=each.breakdown.held_reason,
            order_reference=order.order_reference,
        )
        for each in settlements
    ]
    rows = [_row(order, each) for each in settlements]
    changes = [Change("settlement", _WRITE, _COLUMNS, rows, "settlement", events)]
    if order.referral_code is not None:
        credited = {
            "order_reference": order.order_reference,
            "code": order.referral_code,
            "referrer_user_id": order.referrer_user_id,
        }
        changes.append(Change("assists", _ASSIST, _ASSIST_COLUMNS, [credited]))
    return changes


def _row(order: PaidOrder, settlement: NewSettlement) -> dict[str, Any]:
    breakdown = settlement.breakdown
    return {
        "order_reference": order.order_reference,
        "order_id": order.order_id,
        "currency": order.currency,
        "collected_by": order.collected_by,
        "vendor_id": settlement.vendor_id,
        "amount_minor": breakdown.subtotal_minor,
        "commission_minor": breakdown.total_commission_minor,
        "net_payout_minor": breakdown.net_payout_minor,
        "status": settlement.status,
        "scheduled_for": settlement.scheduled_for,
        "failure_reason": breakdown.held_reason,
        "platform_commission_minor": breakdown.platform_minor,
        "referral_commission_minor": breakdown.referral_minor,
        "split_commissions": breakdown.split_totals,
        "metadata": {"commissionBreakdown": breakdown_as_json(breakdown, order.currency)},
    }


def move_assists(code: str, sender: int, receiver: int, *, but: Collection[str]) -> int:
    """Show the assists of a code under another referrer, except some references; return how many."""
    mine = (SalesAssist.referral_code == code) & (SalesAssist.referrer_user_id == sender)
    movable = mine & SalesAssist.order_reference.not_in(list(but)) if but else mine
    return int(SalesAssist.update(referrer_user_id=receiver).where(movable).execute())
