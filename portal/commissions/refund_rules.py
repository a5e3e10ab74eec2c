"""Decide what a refund leaves of a settlement; pure and exact, always computed from the original sale.

See docs/rules/refunds.md.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

from portal.lib.money import major_text, parse_major, percent_of, round_half_up

Breakdown = dict[str, Any]


def share_out(total: int, weights: Sequence[int], limits: Sequence[int]) -> list[int]:
    """Split an amount in proportion to weights, the parts adding up to it and none above its limit.

    Whole units first, then one unit each by the largest remainder; earlier entries win ties. With the current
    amounts as limits no part grows from one refund to the next. What a limit cuts off is not given to other parts.
    """
    weight = sum(weights)
    if weight == 0:
        return [0 for _ in weights]
    exact = [Fraction(total * each, weight) for each in weights]
    parts = [min(int(share), limit) for share, limit in zip(exact, limits, strict=True)]
    for _ in range(total - sum(int(share) for share in exact)):
        below_limit = [index for index, part in enumerate(parts) if part < limits[index]]
        if below_limit:
            parts[max(below_limit, key=lambda index: (exact[index] - parts[index], -index))] += 1
    return parts


def scale_breakdown(
    original: Mapping[str, Any],
    amount_minor: int,
    left_minor: int,
    currency: str,
    of_lines: Sequence[int] = (),
) -> tuple[int, Breakdown]:
    """Return the commission in minor units, and its breakdown, of what a refund leaves of a sale.

    Percents stay. `of_lines` is how much refunds took back of each line, if they name any: the referral commission of
    those lines shrinks, and all lines share the rest in proportion. The platform commission, whose percent is not in
    the breakdown, shrinks in proportion, and is lowered further where rounding would exceed the sale.
    """

    def minor(text: str) -> int:
        return parse_major(text, currency)

    subtotals = [minor(item["subtotal"]) for item in original["referralByItem"]]
    items = [
        _item(item, subtotal, currency)
        for item, subtotal in zip(
            original["referralByItem"], _left_of_lines(left_minor, subtotals, of_lines), strict=True
        )
    ]
    splits = [
        {**split, "amount": major_text(percent_of(left_minor, Decimal(split["percent"])), currency)}
        for split in original["customSplits"]
    ]
    referral = sum(minor(item["amount"]) for item in items)
    others = referral + sum(minor(split["amount"]) for split in splits)
    platform = _in_proportion(minor(original["platformCommission"]), amount_minor, left_minor)
    if minor(original["totalCommission"]) <= amount_minor:
        platform = max(0, min(platform, left_minor - others))
    commission = platform + others
    return commission, {
        **original,
        "platformCommission": major_text(platform, currency),
        "referralCommission": major_text(referral, currency),
        "referralByItem": items,
        "customSplits": splits,
        "totalCommission": major_text(commission, currency),
    }


def subtract_breakdown(
    after: Mapping[str, Any], before: Mapping[str, Any], commission_minor: int, currency: str
) -> Breakdown:
    """Return `after - before`, part by part and therefore negative, with a total of `commission_minor`.

    A difference between the total and its parts goes to the platform commission.
    """

    def difference(new: Mapping[str, Any], old: Mapping[str, Any], name: str) -> str:
        return major_text(parse_major(new[name], currency) - parse_major(old[name], currency), currency)

    items = [
        {**new, "subtotal": difference(new, old, "subtotal"), "amount": difference(new, old, "amount")}
        for new, old in zip(after["referralByItem"], before["referralByItem"], strict=True)
    ]
    splits = [
        {**new, "amount": difference(new, old, "amount")}
        for new, old in zip(after["customSplits"], before["customSplits"], strict=True)
    ]
    others = sum(parse_major(part["amount"], currency) for part in [*items, *splits])
    return {
        **after,
        "platformCommission": major_text(commission_minor - others, currency),
        "referralCommission": difference(after, before, "referralCommission"),
        "referralByItem": items,
        "customSplits": splits,
        "totalCommission": major_text(commission_minor, currency),
    }


def with_total(breakdown: Mapping[str, Any], commission_minor: int, currency: str) -> Breakdown:
    """Return a breakdown with another total; the difference goes to the platform commission."""
    change = commission_minor - parse_major(breakdown["totalCommission"], currency)
    platform = parse_major(breakdown["platformCommission"], currency) + change
    return {
        **breakdown,
        "platformCommission": major_text(platform, currency),
        "totalCommission": major_text(commission_minor, currency),
    }


def without_referral(breakdown: Mapping[str, Any], currency: str) -> Breakdown:
    """Return the breakdown of a sale whose referral does not apply."""
    total = parse_major(breakdown["totalCommission"], currency)
    referral = parse_major(breakdown["referralCommission"], currency)
    return {
        **breakdown,
        "referralCommission": major_text(0, currency),
        "referralEffectivePercent": "0",
        "referralByItem": [],
        "totalCommission": major_text(total - referral, currency),
    }


def _left_of_lines(left_minor: int, subtotals: Sequence[int], of_lines: Sequence[int]) -> list[int]:
    """Return what is left of each line; lines that do not explain what is left shrink evenly."""
    if len(of_lines) == len(subtotals):
        kept = [max(0, subtotal - back) for subtotal, back in zip(subtotals, of_lines, strict=True)]
        if left_minor <= sum(kept):
            return share_out(left_minor, kept, kept)
    return share_out(left_minor, subtotals, subtotals)


def _item(item: Mapping[str, Any], subtotal_minor: int, currency: str) -> Breakdown:
    amount = percent_of(subtotal_minor, Decimal(item["percent"]))
    return {
        **item,
        "subtotal": major_text(subtotal_minor, currency),
        "amount": major_text(amount, currency),
    }


def _in_proportion(part_minor: int, amount_minor: int, left_minor: int) -> int:
    return round_half_up(Fraction(part_minor * left_minor, amount_minor)) if amount_minor != 0 else 0
