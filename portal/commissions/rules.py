"""Compute the commission of a settlement; pure and exact.

Money is integer minor units, percents are exact decimals or fractions. See docs/rules/settlements.md.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

from portal.commissions.terms import (
    CommissionTermsExceed,
    CustomSplit,
    CustomSplitInvalid,
    parse_custom_splits,
    platform_percent,
    validate_merchant_terms,
)
from portal.lib.money import decimal_text, major_text, parse_major, percent_of
from portal.programme.rules import ReferralLine, weighted_percent

__all__ = [
    "CommissionBreakdown",
    "CommissionTermsExceed",
    "CustomSplit",
    "CustomSplitInvalid",
    "ItemReferral",
    "SplitAmount",
    "breakdown_as_json",
    "commission_columns",
    "compute_commission",
    "parse_custom_splits",
    "platform_percent",
    "reserve_minor",
    "slice_by_vendor",
    "validate_merchant_terms",
]

PERCENT_PLACES = 6
HELD_EXCEEDS_SUBTOTAL = "commission_exceeds_subtotal"


@dataclass(frozen=True)
class ItemReferral:
    """The referral commission of one line, in minor units."""

    product_id: int | None
    percent: Decimal
    source: str
    subtotal_minor: int
    amount_minor: int


@dataclass(frozen=True)
class SplitAmount:
    """The amount of one custom split, in minor units."""

    split: CustomSplit
    amount_minor: int


@dataclass(frozen=True)
class CommissionBreakdown:
    """Every part of one vendor's commission, in minor units.

    `effective_percent` is the exact weighted percent of the slice, zero without attribution.
    """

    subtotal_minor: int
    platform_percent: Decimal
    platform_minor: int
    effective_percent: Fraction
    items: tuple[ItemReferral, ...]
    splits: tuple[SplitAmount, ...]

    @property
    def referral_minor(self) -> int:
        """Return the sum of the lines' rounded referral amounts."""
        return sum(item.amount_minor for item in self.items)

    @property
    def split_totals(self) -> dict[str, int]:
        """Return the amount of custom splits per recipient."""
        totals: dict[str, int] = {}
        for part in self.splits:
            recipient = part.split.recipient_id
            totals[recipient] = totals.get(recipient, 0) + part.amount_minor
        return totals

    @property
    def total_commission_minor(self) -> int:
        """Return the sum of platform commission, referral commission and splits."""
        return self.platform_minor + self.referral_minor + sum(part.amount_minor for part in self.splits)

    @property
    def net_payout_minor(self) -> int:
        """Return subtotal minus commission, negative only where the slice is held."""
        return self.subtotal_minor - self.total_commission_minor

    @property
    def is_held(self) -> bool:
        """Return whether the commission exceeds the subtotal, so that nothing may be paid."""
        return self.total_commission_minor > self.subtotal_minor

    @property
    def held_reason(self) -> str | None:
        """Return the reason code of the hold, or None."""
        return HELD_EXCEEDS_SUBTOTAL if self.is_held else None


def slice_by_vendor(lines: Sequence[ReferralLine]) -> dict[int, tuple[ReferralLine, ...]]:
    """Return the lines of each vendor, vendors in order of first appearance."""
    slices: dict[int, tuple[ReferralLine, ...]] = {}
    for line in lines:
        slices[line.vendor_id] = (*slices.get(line.vendor_id, ()), line)
    return slices


def compute_commission(
    lines: Sequence[ReferralLine],
    platform_percent: Decimal,
    splits: Sequence[CustomSplit],
    attributed: bool,
) -> CommissionBreakdown:
    """Return the commission of one vendor's slice, all parts in minor units.

    Each line's referral amount is rounded half-up and summed; the platform commission and each split
    are rounded half-up once, on the subtotal. Without attribution there is no referral part: no items
    and a percent of zero. A total above the subtotal is held. See docs/rules/settlements.md.
    """
    subtotal = sum(line.subtotal_minor for line in lines)
    return CommissionBreakdown(
        subtotal_minor=subtotal,
        platform_percent=platform_percent,
        platform_minor=percent_of(subtotal, platform_percent),
        effective_percent=weighted_percent(lines, Decimal(0)) if attributed else Fraction(0),
        items=tuple(_item_referral(line) for line in lines) if attributed else (),
        splits=tuple(SplitAmount(split, percent_of(subtotal, split.percent)) for split in splits),
    )


def breakdown_as_json(breakdown: CommissionBreakdown, currency: str) -> dict[str, object]:
    """Return `metadata.commissionBreakdown`: amounts and percents as decimal strings in major units.

    Percents have at most six decimals, half-up, without trailing zeros. Without attribution
    `referralCommission` is zero ("0.00") and `referralByItem` is empty.
    """
    return {
        "platformCommission": major_text(breakdown.platform_minor, currency),
        "referralCommission": major_text(breakdown.referral_minor, currency),
        "referralEffectivePercent": decimal_text(breakdown.effective_percent, PERCENT_PLACES),
        "referralByItem": [_item_as_json(item, currency) for item in breakdown.items],
        "customSplits": [_split_as_json(part, currency) for part in breakdown.splits],
        "totalCommission": major_text(breakdown.total_commission_minor, currency),
    }


def commission_columns(breakdown: Mapping[str, Any], currency: str) -> dict[str, Any]:
    """Return the parts of a breakdown as the columns of a settlement, in minor units.

    Raises KeyError or InvalidAmount for a breakdown that is not one of ours. See docs/rules/settlements.md.
    """
    splits: dict[str, int] = {}
    for split in breakdown["customSplits"]:
        recipient = split["recipientId"]
        splits[recipient] = splits.get(recipient, 0) + parse_major(split["amount"], currency)
    return {
        "platform_commission_minor": parse_major(breakdown["platformCommission"], currency),
        "referral_commission_minor": parse_major(breakdown["referralCommission"], currency),
        "split_commissions": splits,
    }


def reserve_minor(net_payout_minor: int, percent: Decimal) -> int:
    """Return the part of a net payout kept as reserve, in minor units half-up; 0 of a negative payout."""
    return percent_of(max(net_payout_minor, 0), percent)


def _item_referral(line: ReferralLine) -> ItemReferral:
    amount = percent_of(line.subtotal_minor, line.percent)
    return ItemReferral(line.product_id, line.percent, line.source, line.subtotal_minor, amount)


def _item_as_json(item: ItemReferral, currency: str) -> dict[str, object]:
    return {
        "productId": item.product_id,
        "percent": decimal_text(item.percent, PERCENT_PLACES),
        "source": item.source,
        "subtotal": major_text(item.subtotal_minor, currency),
        "amount": major_text(item.amount_minor, currency),
    }


def _split_as_json(part: SplitAmount, currency: str) -> dict[str, object]:
    return {
        "recipientId": part.split.recipient_id,
        "percent": decimal_text(part.split.percent, PERCENT_PLACES),
        "amount": major_text(part.amount_minor, currency),
        "description": part.split.description,
    }
