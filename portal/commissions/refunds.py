"""Bring the settlements of a reference down to what its refunds leave; run twice it changes nothing more."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from peewee import fn

from models import Settlement
from portal.commissions.refund_rules import scale_breakdown, share_out, subtract_breakdown, with_total
from portal.commissions.rules import HELD_EXCEEDS_SUBTOTAL
from portal.commissions.status_rules import NOT_PAID_OUT, SETTLEMENT_TRANSITIONS
from portal.db import Actor, move_status, record_event, transaction
from portal.lib.money import major_text, parse_major

REFUNDED = "refunded"


@dataclass(frozen=True)
class _Slice:
    """One vendor's sale of a reference and what earlier refunds took back of it by rows of their own."""

    sale: Settlement
    taken_back: list[Settlement]

    @property
    def original(self) -> dict[str, Any]:
        """Return the sale as it was before any refund, amounts as decimal strings in major units."""
        sale = self.sale
        kept: dict[str, Any] | None = sale.metadata.get("original")
        return kept or {
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
        """Return what the vendor's sale stands at now."""
        return _standing(self.sale, "amount_minor") + sum(row.amount_minor for row in self.taken_back)

    @property
    def commission_minor(self) -> int:
        return _standing(self.sale, "commission_minor") + sum(row.commission_minor for row in self.taken_back)


def reduce_settlements(
    order_reference: str, total_minor: int, refunded_minor: int, refund_id: int | None, actor: Actor
) -> None:
    """Reduce or cancel what was not paid out, and take back what was by negative rows (SPEC section 5).

    Rows are locked in id order. Each part is computed from the original sale, so repeated refunds never
    compound a rounding; the parts add up to what is left of the order.
    """
    with transaction():
        slices = _lock_slices(order_reference)
        originals = [each.original_minor for each in slices]
        left = total_minor - refunded_minor
        if sum(originals) != total_minor:
            left = sum(originals) * left // total_minor if total_minor else 0
        limits = [each.amount_minor for each in slices]
        for each, target in zip(slices, share_out(left, originals, limits), strict=True):
            is_over = refunded_minor == total_minor
            if target != each.amount_minor or (is_over and each.sale.status in NOT_PAID_OUT):
                _bring_down(each, target, refund_id, actor)


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


def _bring_down(each: _Slice, target: int, refund_id: int | None, actor: Actor) -> None:
    original = each.original
    commission, breakdown = scale_breakdown(
        original["commissionBreakdown"], each.original_minor, target, each.sale.currency
    )
    if each.sale.status not in NOT_PAID_OUT:
        _take_back(each, target, commission, breakdown, refund_id, actor)
        return
    # What rows of their own took back while it was being paid out stays taken back by them.
    amount = target - sum(row.amount_minor for row in each.taken_back)
    if amount == 0:
        _cancel(each.sale, actor)
        return
    if each.taken_back:
        commission -= sum(row.commission_minor for row in each.taken_back)
        _, scaled = scale_breakdown(
            original["commissionBreakdown"], each.original_minor, amount, each.sale.currency
        )
        breakdown = with_total(scaled, commission, each.sale.currency)
    _reduce(each, amount, commission, breakdown, actor)


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


def _reduce(each: _Slice, amount: int, commission: int, breakdown: dict[str, Any], actor: Actor) -> None:
    sale = each.sale
    metadata = {**sale.metadata, "original": each.original, "commissionBreakdown": breakdown}
    hold = SETTLEMENT_TRANSITIONS["hold_reduced"]
    exceeds = commission > amount and sale.status in hold.from_statuses
    held = {"status": hold.to_status, "failure_reason": HELD_EXCEEDS_SUBTOTAL} if exceeds else {}
    Settlement.update(
        amount_minor=amount,
        commission_minor=commission,
        net_payout_minor=amount - commission,
        metadata=metadata,
        updated_at=fn.now(),
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


def _take_back(
    each: _Slice,
    target: int,
    commission: int,
    breakdown: dict[str, Any],
    refund_id: int | None,
    actor: Actor,
) -> None:
    """Write the negative row that the vendor's next payout is netted by; it is due at once."""
    sale = each.sale
    amount = each.amount_minor - target
    # Rounding may not turn a refund into a payment: at most the whole amount is commission given back.
    given_back = max(0, min(amount, each.commission_minor - commission))
    _, before = scale_breakdown(
        each.original["commissionBreakdown"], each.original_minor, each.amount_minor, sale.currency
    )
    row_id = Settlement.insert(
        order_reference=sale.order_reference,
        order_id=sale.order_id,
        vendor=sale.vendor_id,
        kind="refund",
        amount_minor=-amount,
        currency=sale.currency,
        commission_minor=-given_back,
        net_payout_minor=given_back - amount,
        status="pending",
        scheduled_for=fn.now(),
        refund_id=refund_id,
        metadata={
            "commissionBreakdown": subtract_breakdown(breakdown, before, -given_back, sale.currency),
            "refundOf": sale.id,
        },
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


def _standing(sale: Settlement, column: str) -> int:
    return 0 if sale.status == "cancelled" else int(getattr(sale, column))
