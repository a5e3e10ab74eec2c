"""Decide percents and commissions of the ERP rail; pure and exact.

Money is integer minor units, percents are exact decimals or fractions (SPEC section 4).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
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
from portal.lib.money import InvalidPercent, decimal_text, major_text, parse_major, percent_of

__all__ = [
    "CartLine",
    "CommissionBreakdown",
    "CommissionTermsExceed",
    "CustomSplit",
    "CustomSplitInvalid",
    "ItemReferral",
    "PercentSource",
    "ResolvedPercent",
    "SplitAmount",
    "breakdown_as_json",
    "commission_columns",
    "compute_commission",
    "parse_custom_splits",
    "platform_percent",
    "reserve_minor",
    "resolve_percent",
    "slice_by_vendor",
    "validate_merchant_terms",
    "weighted_percent",
]

PERCENT_PLACES = 6
HELD_EXCEEDS_SUBTOTAL = "commission_exceeds_subtotal"


class PercentSource(StrEnum):
    """Where a referral percent came from, in order of priority."""

    PRODUCT = "product"
    MERCHANT = "merchant"
    DEFAULT = "default"
    ENV = "env"


@dataclass(frozen=True)
class ResolvedPercent:
    """A clamped referral percent and the tag of its source."""

    percent: Decimal
    source: str


@dataclass(frozen=True)
class CartLine:
    """One line of a cart: its subtotal in minor units and its resolved referral percent."""

    product_id: int | None
    vendor_id: int
    subtotal_minor: int
    percent: Decimal
    source: str


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

    `referral_percent` is the exact weighted percent of the slice, zero when not attributed.
    """

    subtotal_minor: int
    platform_percent: Decimal
    platform_minor: int
    referral_percent: Fraction
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
        """Return platform, referral and splits together."""
        return self.platform_minor + self.referral_minor + sum(part.amount_minor for part in self.splits)

    @property
    def net_payout_minor(self) -> int:
        """Return subtotal minus commission; negative only when held."""
        return self.subtotal_minor - self.total_commission_minor

    @property
    def is_held(self) -> bool:
        """Tell whether the commission passes the subtotal, so that nothing may be paid."""
        return self.total_commission_minor > self.subtotal_minor

    @property
    def held_reason(self) -> str | None:
        """Return the stable reason of the hold, or None."""
        return HELD_EXCEEDS_SUBTOTAL if self.is_held else None


def resolve_percent(
    product_percent: Decimal | None,
    structure_percent: Decimal | None,
    merchant_percent: Decimal | None,
    platform_default: Decimal | None,
    env_percent: Decimal,
    max_percent: Decimal,
) -> ResolvedPercent:
    """Choose the referral percent of a product and clamp it to [0, max_percent].

    None is unset, zero is a value. Raise InvalidPercent for NaN or infinity (SPEC section 4).
    """
    candidates = (
        (product_percent, PercentSource.PRODUCT),
        (structure_percent, PercentSource.PRODUCT),
        (merchant_percent, PercentSource.MERCHANT),
        (platform_default, PercentSource.DEFAULT),
    )
    for percent, source in candidates:
        if percent is not None:
            return ResolvedPercent(_clamp(percent, max_percent), source.value)
    return ResolvedPercent(_clamp(env_percent, max_percent), PercentSource.ENV.value)


def weighted_percent(lines: Sequence[CartLine], default_percent: Decimal) -> Fraction:
    """Return the exact percent of a cart, each line weighed by its subtotal.

    Lines of subtotal 0 weigh nothing; an empty or all-zero cart has the default (SPEC section 4).
    """
    total = sum(line.subtotal_minor for line in lines)
    if total == 0:
        return Fraction(default_percent)
    return sum((line.subtotal_minor * Fraction(line.percent) for line in lines), Fraction(0)) / total


def slice_by_vendor(lines: Sequence[CartLine]) -> dict[int, tuple[CartLine, ...]]:
    """Return the lines of each vendor, vendors in order of first appearance."""
    slices: dict[int, tuple[CartLine, ...]] = {}
    for line in lines:
        slices[line.vendor_id] = (*slices.get(line.vendor_id, ()), line)
    return slices


def compute_commission(
    lines: Sequence[CartLine],
    platform_percent: Decimal,
    splits: Sequence[CustomSplit],
    attributed: bool,
) -> CommissionBreakdown:
    """Compute the commission of one vendor's slice, all parts in minor units.

    Each line's referral amount is rounded half-up and summed; the platform's part and each split
    are rounded half-up once on the subtotal. Without attribution there is no referral part at all:
    no items and a percent of zero. A total above the subtotal is reported as held (SPEC section 4).
    """
    subtotal = sum(line.subtotal_minor for line in lines)
    return CommissionBreakdown(
        subtotal_minor=subtotal,
        platform_percent=platform_percent,
        platform_minor=percent_of(subtotal, platform_percent),
        referral_percent=weighted_percent(lines, Decimal(0)) if attributed else Fraction(0),
        items=tuple(_item_referral(line) for line in lines) if attributed else (),
        splits=tuple(SplitAmount(split, percent_of(subtotal, split.percent)) for split in splits),
    )


def breakdown_as_json(breakdown: CommissionBreakdown, currency: str) -> dict[str, object]:
    """Return `metadata.commissionBreakdown`: amounts and percents as decimal strings in major units.

    Percents have at most six decimals, half-up, without trailing zeros. Without attribution
    `referralCommission` is zero ("0.00") and `referralByItem` is empty (SPEC section 4).
    """
    return {
        "platformCommission": major_text(breakdown.platform_minor, currency),
        "referralCommission": major_text(breakdown.referral_minor, currency),
        "referralEffectivePercent": decimal_text(breakdown.referral_percent, PERCENT_PLACES),
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
    """Return the part of a net payout kept back, in minor units half-up; nothing of a negative one."""
    return percent_of(max(net_payout_minor, 0), percent)


def _clamp(percent: Decimal, max_percent: Decimal) -> Decimal:
    if not percent.is_finite():
        raise InvalidPercent(field="percent", at_most=max_percent)
    return min(max(percent, Decimal(0)), max_percent)


def _item_referral(line: CartLine) -> ItemReferral:
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
