"""Reduce the settlements of an order to what its refunds leave; idempotent. See docs/rules/refunds.md."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from peewee import fn

from models import Settlement
from portal.commissions.refund_rules import scale_breakdown, share_out, subtract_breakdown, with_total
from portal.commissions.rules import HELD_EXCEEDS_SUBTOTAL, commission_columns
from portal.commissions.status_rules import NOT_PAID_OUT, SETTLEMENT_TRANSITIONS
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
    order_reference: str, total_minor: int, refunded_minor: int, refund_id: int | None, actor: Actor
) -> None:
    """Reduce or cancel settlements that are not paid out; write negative rows for those that are.

    Rows are locked in id order. Each part is computed from the original sale, so that repeated refunds do not
    add up rounding errors; the parts add up to what is left of the order. Amounts are in minor units.
    See docs/rules/refunds.md.
    """
    with transaction():
        slices = _lock_slices(order_reference)
        originals = [part.original_minor for part in slices]
        left = total_minor - refunded_minor
        if sum(originals) != total_minor:
            left = sum(originals) * left // total_minor if total_minor != 0 else 0
        limits = [part.amount_minor for part in slices]
        for part, target in zip(slices, share_out(left, originals, limits), strict=True):
            is_full = refunded_minor == total_minor
            if target != part.amount_minor or (is_full and part.sale.status in NOT_PAID_OUT):
                _reduce_slice(part, target, refund_id, actor)


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


def _reduce_slice(part: _Slice, target: int, refund_id: int | None, actor: Actor) -> None:
    original = part.original
    commission, breakdown = scale_breakdown(
        original["commissionBreakdown"], part.original_minor, target, part.sale.currency
    )
    if part.sale.status not in NOT_PAID_OUT:
        _write_refund_row(part, target, commission, breakdown, refund_id, actor)
        return
    # Refund rows written while the sale was being paid out keep their amounts.
    amount = target - sum(row.amount_minor for row in part.refund_rows)
    if amount == 0:
        _cancel(part.sale, actor)
        return
    if part.refund_rows:
        commission -= sum(row.commission_minor for row in part.refund_rows)
        _, scaled = scale_breakdown(
            original["commissionBreakdown"], part.original_minor, amount, part.sale.currency
        )
        breakdown = with_total(scaled, commission, part.sale.currency)
    _reduce(part, amount, commission, breakdown, actor)


def _cancel(sale: Settlement, actor: Actor) -> None:
    move_status(
        Settlement,
        sale.id,
        SETTLEMENT_TRANSITIONS["cancel"],
        entity="settlement",
        actor=actor,
        reason=REFUNDED,
        failure_reason=REFUNDED,
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
    """Write the negative row that is netted from the vendor's next payout; it is due at once."""
    sale = part.sale
    amount = part.amount_minor - target
    # Rounding must not turn a refund into a payment: at most the whole amount is returned commission.
    returned = max(0, min(amount, part.commission_minor - commission))
    _, before = scale_breakdown(
        part.original["commissionBreakdown"], part.original_minor, part.amount_minor, sale.currency
    )
    difference = subtract_breakdown(breakdown, before, -returned, sale.currency)
    row_id = Settlement.insert(
        order_reference=sale.order_reference,
        order_id=sale.order_id,
        vendor=sale.vendor_id,
        kind="refund",
        amount_minor=-amount,
        currency=sale.currency,
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


def _current(sale: Settlement, column: str) -> int:
    return 0 if sale.status == "cancelled" else int(getattr(sale, column))
