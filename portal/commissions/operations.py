"""Write the commission ledger of a paid order: one settlement per vendor with its sales assist."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from models import SalesAssist, Settlement
from portal.commissions.queries import VendorTerms
from portal.commissions.rules import breakdown_as_json, compute_commission
from portal.commissions.schedule import payout_time
from portal.db import Actor, record_event, transaction
from portal.programme.rules import ReferralLine


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


def write_settlement(
    order: PaidOrder, terms: VendorTerms, lines: Sequence[ReferralLine], zone: ZoneInfo, actor: Actor
) -> bool:
    """Write one vendor's settlement of a paid order, with its assist if attributed; return False if it exists.

    A slice whose commission exceeds its subtotal is held with the reason. See docs/rules/settlements.md.
    """
    breakdown = compute_commission(
        lines, terms.platform_percent, terms.custom_splits, attributed=order.referral_code is not None
    )
    with transaction():
        rows = (
            Settlement.insert(
                order_reference=order.order_reference,
                order_id=order.order_id,
                vendor=terms.vendor_id,
                kind="sale",
                amount_minor=breakdown.subtotal_minor,
                currency=order.currency,
                collected_by=order.collected_by,
                commission_minor=breakdown.total_commission_minor,
                net_payout_minor=breakdown.net_payout_minor,
                status="held" if breakdown.held_reason else "pending",
                scheduled_for=payout_time(order.paid_at, terms.hold_days, terms.payout_frequency, zone),
                failure_reason=breakdown.held_reason,
                platform_commission_minor=breakdown.platform_minor,
                referral_commission_minor=breakdown.referral_minor,
                split_commissions=breakdown.split_totals,
                metadata={"commissionBreakdown": breakdown_as_json(breakdown, order.currency)},
            )
            .on_conflict_ignore()
            .returning(Settlement.id, Settlement.status)
            .execute()
        )
        if (settlement := next(iter(rows), None)) is None:
            return False
        record_event(
            actor,
            "settlement",
            settlement.id,
            "settlement_written",
            to_status=settlement.status,
            reason=breakdown.held_reason,
            order_reference=order.order_reference,
        )
        _write_assist(order, terms.vendor_id, breakdown.subtotal_minor)
    return True


def _write_assist(order: PaidOrder, vendor_id: int, subtotal_minor: int) -> None:
    if order.referral_code is None:
        return
    SalesAssist.insert(
        order_reference=order.order_reference,
        order_id=order.order_id,
        vendor=vendor_id,
        referral_code=order.referral_code,
        referrer_user_id=order.referrer_user_id,
        subtotal_minor=subtotal_minor,
        currency=order.currency,
    ).on_conflict_ignore().execute()


def move_assists(code: str, sender: int, receiver: int, *, but: Collection[str]) -> int:
    """Show the assists of a code under another referrer, except some references; return how many."""
    mine = (SalesAssist.referral_code == code) & (SalesAssist.referrer_user_id == sender)
    movable = mine & SalesAssist.order_reference.not_in(list(but)) if but else mine
    return int(SalesAssist.update(referrer_user_id=receiver).where(movable).execute())
