"""Shares of a sale after a refund add up, never grow, and are computed from the original sale."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.commissions.refund_rules import scale_breakdown, share_out, subtract_breakdown, with_total
from portal.commissions.rules import CustomSplit, breakdown_as_json, compute_commission
from portal.programme import ReferralLine

WEIGHTS = st.lists(st.integers(0, 10_000), min_size=1, max_size=6)


@pytest.mark.parametrize(
    ("total", "weights", "expected"),
    [
        (100, [1, 1, 1], [34, 33, 33]),
        (10, [0, 5, 5], [0, 5, 5]),
        (0, [3, 4], [0, 0]),
        (7, [24_000, 14_900], [4, 3]),
        (5, [], []),
        (5, [0, 0], [0, 0]),
    ],
)
def test_share_out(total: int, weights: list[int], expected: list[int]) -> None:
    assert share_out(total, weights, [10**6 for _ in weights]) == expected


def test_share_out_does_not_redistribute_what_a_limit_cuts_off() -> None:
    assert share_out(100, [100, 100], [0, 100]) == [0, 50]


@given(WEIGHTS, st.lists(st.integers(1, 5_000), max_size=8))
def test_shares_add_up_never_grow_and_stay_proportional(weights: list[int], refunds: list[int]) -> None:
    total = left = sum(weights)
    parts = weights
    for refund in refunds:
        left = max(0, left - refund)
        after = share_out(left, weights, parts)
        assert sum(after) == left
        assert all(new <= old for new, old in zip(after, parts, strict=True))
        if total:
            exact = [Fraction(left * weight, total) for weight in weights]
            assert all(abs(part - share) < 2 for part, share in zip(after, exact, strict=True))
        assert share_out(left, weights, after) == after
        parts = after


PERCENT = st.decimals(0, 40, places=2)


@given(
    st.lists(st.tuples(st.integers(1, 100_000), PERCENT), min_size=1, max_size=4),
    PERCENT,
    st.lists(st.decimals(0, 20, places=2), max_size=2),
    st.booleans(),
    st.data(),
)
def test_scaled_breakdown_adds_up_and_does_not_exceed_the_sale(
    lines: list[tuple[int, Decimal]],
    platform: Decimal,
    splits: list[Decimal],
    attributed: bool,
    data: st.DataObject,
) -> None:
    cart = [ReferralLine(n, 1, subtotal, percent, "product") for n, (subtotal, percent) in enumerate(lines)]
    computed = compute_commission(cart, platform, [CustomSplit("p", each, "") for each in splits], attributed)
    original = breakdown_as_json(computed, "UAH")
    whole = computed.subtotal_minor
    of_lines = data.draw(st.one_of(st.just(()), st.tuples(*(st.integers(0, each) for each, _ in lines))))
    left = data.draw(st.one_of(st.integers(0, whole), st.just(whole - sum(of_lines))))
    commission, scaled = scale_breakdown(original, whole, left, "UAH", of_lines)
    minor = {name: int(Decimal(scaled[name]) * 100) for name in ("platformCommission", "referralCommission")}
    items = sum(int(Decimal(item["amount"]) * 100) for item in scaled["referralByItem"])
    parts = sum(int(Decimal(split["amount"]) * 100) for split in scaled["customSplits"])
    assert minor["referralCommission"] == items
    assert (
        minor["platformCommission"] + items + parts
        == commission
        == int(Decimal(scaled["totalCommission"]) * 100)
    )
    if attributed:
        kept = [int(Decimal(item["subtotal"]) * 100) for item in scaled["referralByItem"]]
        assert sum(kept) == left
        assert all(0 <= now <= before for now, (before, _) in zip(kept, lines, strict=True))
        if of_lines and left == whole - sum(of_lines):
            assert kept == [before - back for (before, _), back in zip(lines, of_lines, strict=True)]
    if not computed.is_held and items + parts <= left:
        assert commission <= left
    assert scale_breakdown(original, whole, 0, "UAH")[0] == 0
    difference = subtract_breakdown(scaled, original, commission - computed.total_commission_minor, "UAH")
    assert int(Decimal(difference["totalCommission"]) * 100) == commission - computed.total_commission_minor
    assert with_total(scaled, commission + 3, "UAH")["totalCommission"] != scaled["totalCommission"]


def test_scaling_to_the_full_amount_returns_the_original() -> None:
    cart = [ReferralLine(1, 1, 14_900, Decimal(10), "merchant")]
    computed = compute_commission(cart, Decimal(12), [CustomSplit("p", Decimal("2.5"), "Partner")], True)
    original = breakdown_as_json(computed, "UAH")
    assert scale_breakdown(original, 14_900, 14_900, "UAH") == (computed.total_commission_minor, original)
