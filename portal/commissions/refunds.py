"""Reduce the settlements of an order to what its refunds leave; idempotent. See docs/rules/refunds.md."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from peewee import fn

from models import SalesAssist, Settlement
from portal.commissions.refund_rules import (
    scale_breakdown,
    share_out,
    subtract_breakdown,
    with_total,
    without_referral,
)
from portal.commissions.rules import HELD_EXCEEDS_SUBTOTAL, commission_columns
from portal.commissions.status_rules import NOT_PAID_OUT, SETTLEMENT_TRANSITIONS, SettlementStatus
from portal.db import Actor, move_status, record_event, transaction
from portal.lib.money import major_text, parse_major

REFUNDED = "refunded"


@dataclass(frozen=True)
class _Slice:
    """One vendor's sale of an order, and the refund rows that earlier refunds wrote for it."""

    sale: Settlement
    refund_rows: list[Settlement]

    @property
    def original(self) -> dict[str, Any]:
        """Return the sale before any refund, amounts as decimal strings in major units."""
        sale = self.sale
        original: dict[str, Any] | None = sale.metadata.get("original")
        return original or {
            "amount": major_text(sale.amount_minor, sale.currency),
            "commission": major_text(sale.commission_minor, sale.currency),
            "netPayout": major_text(sale.net_payout_minor, sale.currency),
            "commissionBreakdown": sale.metadata["commissionBreakdown"],
        }

    @property
    def original_minor(self) -> int:
        return parse_major(self.original["amount"], self.sale.currency)

    @property
    def amount_minor(self) -> int:
        """Return the vendor's sale less all refunds so far."""
        return _current(self.sale, "amount_minor") + sum(row.amount_minor for row in self.refund_rows)

    @property
    def commission_minor(self) -> int:
        return _current(self.sale, "commission_minor") + sum(row.commission_minor for row in self.refund_rows)


def reduce_settlements(
    order_reference: str,
    total_minor: int,
    refunded_minor: int,
    refund_id: int | None,
    actor: Actor,
    *,
    of_lines: Mapping[int, Sequence[int]] | None = None,
) -> None:
    """Reduce or cancel settlements that are not paid out or stated; write negative rows for those that are.

    `of_lines` is how much the refunds took back of each line of a vendor; all share the rest in proportion. Rows are
    locked in id order. Each part is computed from the original sale, so that repeated refunds do not add up rounding
    errors; the parts add up to what is left of the order. Amounts are in minor units. See docs/rules/refunds.md.
    """
    named = of_lines or {}
    of_vendors = {vendor: sum(lines) for vendor, lines in named.items()}
    with transaction():
        slices = _lock_slices(order_reference)
        originals = [part.original_minor for part in slices]
        left = total_minor - refunded_minor
        if sum(originals) != total_minor:
            left = sum(originals) * left // total_minor if total_minor != 0 else 0
        for part, target in zip(slices, _share_out(slices, left, of_vendors), strict=True):
            is_full = refunded_minor == total_minor
            if target != part.amount_minor or (is_full and part.sale.status in NOT_PAID_OUT):
                _reduce_slice(part, target, named.get(part.sale.vendor_id, ()), refund_id, actor)


def _share_out(slices: Sequence[_Slice], left: int, of_vendors: Mapping[int, int]) -> list[int]:
    """Return what is left of each slice, once the lines that refunds name were taken from their vendors."""
    limits = [part.amount_minor for part in slices]
    weights = [part.original_minor - of_vendors.get(part.sale.vendor_id, 0) for part in slices]
    parts = share_out(left, [max(0, weight) for weight in weights], limits)
    if of_vendors and sum(parts) != left:
        # A store that corrects which lines a refund was of gives nothing back: what is left shrinks evenly.
        return share_out(left, limits, limits)
    return parts


def drop_referral_commission(order_reference: str, reason: str, actor: Actor) -> bool:
    """Take the referral part out of the settlements of an order, whose referral was withdrawn, with their assists.

    Return False, with nothing changed, if any of them is being paid out or was. See docs/rules/stores.md.
    """
    with transaction():
        slices = _lock_slices(order_reference)
        open_sales = [part.sale for part in slices if part.sale.status != SettlementStatus.CANCELLED]
        if any(part.refund_rows for part in slices) or any(
            sale.status not in NOT_PAID_OUT for sale in open_sales
        ):
            return False
        for sale in open_sales:
            _drop_referral(sale, reason, actor)
        SalesAssist.delete().where(SalesAssist.order_reference == order_reference).execute()
    return True


def _drop_referral(sale: Settlement, reason: str, actor: Actor) -> None:
    breakdown = without_referral(sale.metadata["commissionBreakdown"], sale.currency)
    metadata = {**sale.metadata, "commissionBreakdown": breakdown}
    if original := sale.metadata.get("original"):
        metadata["original"] = _original_without_referral(original, sale.currency)
    commission = sale.commission_minor - sale.referral_commission_minor
    Settlement.update(
        commission_minor=commission,
        net_payout_minor=sale.amount_minor - commission,
        metadata=metadata,
        updated_at=fn.now(),
        **commission_columns(breakdown, sale.currency),
    ).where((Settlement.id == sale.id) & (Settlement.status == sale.status)).execute()
    record_event(
        actor,
        "settlement",
        sale.id,
        "settlement_referral_withdrawn",
        reason=reason,
        order_reference=sale.order_reference,
        data={"amountMinor": str(sale.referral_commission_minor)},
    )


def _original_without_referral(original: dict[str, Any], currency: str) -> dict[str, Any]:
    breakdown = without_referral(original["commissionBreakdown"], currency)
    amount = parse_major(original["amount"], currency)
    commission = parse_major(breakdown["totalCommission"], currency)
    return {
        **original,
        "commission": breakdown["totalCommission"],
        "netPayout": major_text(amount - commission, currency),
        "commissionBreakdown": breakdown,
    }


def _lock_slices(order_reference: str) -> list[_Slice]:
    rows = Settlement.select().where(Settlement.order_reference == order_reference)
    locked = list(rows.order_by(Settlement.id).for_update())
    return [
        _Slice(
            sale,
            [
                row
                for row in locked
                if row.kind == "refund" and row.vendor_id == sale.vendor_id and row.status != "cancelled"
            ],
        )
        for sale in locked
        if sale.kind == "sale"
    ]


def _reduce_slice(
    part: _Slice, target: int, of_lines: Sequence[int], refund_id: int | None, actor: Actor
) -> None:
    original = part.original["commissionBreakdown"]
    commission, breakdown = scale_breakdown(
        original, part.original_minor, target, part.sale.currency, of_lines
    )
    if part.sale.status not in NOT_PAID_OUT:
        _write_refund_row(part, target, commission, breakdown, refund_id, actor)
        return
    # Refund rows written while the sale was being paid out keep their amounts.
    amount = target - sum(row.amount_minor for row in part.refund_rows)
    if amount == 0:
        _cancel(part, actor)
        return
    if part.refund_rows:
        commission -= sum(row.commission_minor for row in part.refund_rows)
        _, scaled = scale_breakdown(original, part.original_minor, amount, part.sale.currency, of_lines)
        breakdown = with_total(scaled, commission, part.sale.currency)
    _reduce(part, amount, commission, breakdown, actor)


def _cancel(part: _Slice, actor: Actor) -> None:
    """Cancel a sale; it shows the original amounts again, whatever partial refunds came before."""
    sale, original = part.sale, part.original
    breakdown = original["commissionBreakdown"]
    move_status(
        Settlement,
        sale.id,
        SETTLEMENT_TRANSITIONS["cancel"],
        entity="settlement",
        actor=actor,
        reason=REFUNDED,
        failure_reason=REFUNDED,
        amount_minor=part.original_minor,
        commission_minor=parse_major(original["commission"], sale.currency),
        net_payout_minor=parse_major(original["netPayout"], sale.currency),
        metadata={
            **{key: value for key, value in sale.metadata.items() if key != "original"},
            "commissionBreakdown": breakdown,
        },
        **commission_columns(breakdown, sale.currency),
    )


def _reduce(part: _Slice, amount: int, commission: int, breakdown: dict[str, Any], actor: Actor) -> None:
    sale = part.sale
    metadata = {**sale.metadata, "original": part.original, "commissionBreakdown": breakdown}
    hold = SETTLEMENT_TRANSITIONS["hold_reduced"]
    exceeds = commission > amount and sale.status in hold.from_statuses
    held = {"status": hold.to_status, "failure_reason": HELD_EXCEEDS_SUBTOTAL} if exceeds else {}
    Settlement.update(
        amount_minor=amount,
        commission_minor=commission,
        net_payout_minor=amount - commission,
        metadata=metadata,
        updated_at=fn.now(),
        **commission_columns(breakdown, sale.currency),
        **held,
    ).where((Settlement.id == sale.id) & (Settlement.status == sale.status)).execute()
    record_event(
        actor,
        "settlement",
        sale.id,
        "settlement_reduced",
        from_status=sale.status if exceeds else None,
        to_status=hold.to_status if exceeds else None,
        reason=REFUNDED,
        order_reference=sale.order_reference,
        data={"fromMinor": str(sale.amount_minor), "toMinor": str(amount)},
    )


def _write_refund_row(
    part: _Slice,
    target: int,
    commission: int,
    breakdown: dict[str, Any],
    refund_id: int | None,
    actor: Actor,
) -> None:
    """Write the negative row that is netted from the vendor's next payout or statement; it is due at once."""
    sale = part.sale
    amount = part.amount_minor - target
    # Rounding must not turn a refund into a payment: at most the whole amount is returned commission.
    returned = max(0, min(amount, part.commission_minor - commission))
    difference = breakdown
    for row in (sale, *part.refund_rows):
        booked = row.metadata["commissionBreakdown"]
        if _has_same_parts(booked, breakdown):  # imported refunds may have others
            difference = subtract_breakdown(difference, booked, -returned, sale.currency)
    row_id = Settlement.insert(
        order_reference=sale.order_reference,
        order_id=sale.order_id,
        vendor=sale.vendor_id,
        kind="refund",
        amount_minor=-amount,
        currency=sale.currency,
        collected_by=sale.collected_by,
        commission_minor=-returned,
        net_payout_minor=returned - amount,
        status="pending",
        scheduled_for=fn.now(),
        refund_id=refund_id,
        metadata={"commissionBreakdown": difference, "refundOf": sale.id},
        **commission_columns(difference, sale.currency),
    ).execute()
    record_event(
        actor,
        "settlement",
        row_id,
        "settlement_taken_back",
        to_status="pending",
        reason=REFUNDED,
        order_reference=sale.order_reference,
        data={"amountMinor": str(-amount), "refundOf": sale.id},
    )


def _has_same_parts(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    return all(len(one[name]) == len(other[name]) for name in ("referralByItem", "customSplits"))


def _current(sale: Settlement, column: str) -> int:
    return 0 if sale.status == "cancelled" else int(getattr(sale, column))
