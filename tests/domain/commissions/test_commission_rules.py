"""Percent hierarchy and commission of a slice. See docs/rules/percents.md."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.commissions.rules import (
    CartLine,
    CommissionBreakdown,
    CommissionTermsExceed,
    CustomSplit,
    breakdown_as_json,
    compute_commission,
    platform_percent,
    resolve_percent,
    slice_by_vendor,
    validate_merchant_terms,
    weighted_percent,
)
from portal.lib.money import InvalidPercent
from tests.domain.commissions.strategies import (
    MAX,
    D,
    cart_lines,
    line,
    optional_percents,
    percents,
    split,
    split_lists,
)

# --- the percent hierarchy -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given_percents", "percent", "source"),
    [
        ((D(7), D(8), D(9), D(5), D(4)), D(7), "product"),
        ((None, D(8), D(9), D(5), D(4)), D(8), "product"),
        ((None, None, D(9), D(5), D(4)), D(9), "merchant"),
        ((None, None, None, D(5), D(4)), D(5), "default"),
        ((None, None, None, None, D(4)), D(4), "env"),
        ((D(0), D(8), D(9), D(5), D(4)), D(0), "product"),
        ((None, D(0), D(9), D(5), D(4)), D(0), "product"),
        ((None, None, D(0), D(5), D(4)), D(0), "merchant"),
        ((None, None, None, D(0), D(4)), D(0), "default"),
        ((D(80), None, None, D(5), D(4)), D(50), "product"),
        ((None, None, D("50.000001"), D(5), D(4)), D(50), "merchant"),
        ((D(-1), None, None, D(5), D(4)), D(0), "product"),
    ],
)
def test_percent_priority(
    given_percents: tuple[D | None, D | None, D | None, D | None, D], percent: D, source: str
) -> None:
    resolved = resolve_percent(*given_percents, MAX)
    assert (resolved.percent, resolved.source) == (percent, source)


@pytest.mark.parametrize("text", ["NaN", "Infinity", "-Infinity"])
def test_a_percent_without_a_value_is_refused(text: str) -> None:
    with pytest.raises(InvalidPercent):
        resolve_percent(D(text), None, None, None, D(5), MAX)


@given(optional_percents, optional_percents, optional_percents, optional_percents, percents, percents)
def test_every_resolved_percent_is_clamped(
    product: D | None, structure: D | None, merchant: D | None, default: D | None, env: D, most: D
) -> None:
    assert 0 <= resolve_percent(product, structure, merchant, default, env, most).percent <= most


@pytest.mark.parametrize(
    ("config", "tier", "expected"),
    [
        (None, "starter", 20),
        (None, "growth", 17),
        (None, "professional", 15),
        (None, "enterprise", 12),
        (None, "unheard of", 15),
        (None, None, 15),
        (D(0), "starter", 0),
        (D("7.5"), "starter", D("7.5")),
    ],
)
def test_platform_percent(config: D | None, tier: str | None, expected: D) -> None:
    assert platform_percent(config, tier) == expected


# --- the weighted percent --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([], Fraction(5)),
        ([line(0, "40")], Fraction(5)),
        ([line(100_00, "10")], Fraction(10)),
        ([line(100_00, "10"), line(0, "50")], Fraction(10)),
        ([line(100_00, "10"), line(300_00, "2")], Fraction(4)),
        ([line(1, "10"), line(2, "5")], Fraction(20, 3)),
    ],
)
def test_weighted_percent(lines: Sequence[CartLine], expected: Fraction) -> None:
    assert weighted_percent(lines, D(5)) == expected


@given(cart_lines, percents)
def test_weighted_percent_lies_between_its_lines(lines: list[CartLine], default: D) -> None:
    weighing = [entry.percent for entry in lines if entry.subtotal_minor] or [default]
    assert min(weighing) <= weighted_percent(lines, default) <= max(weighing)


@given(cart_lines)
def test_slices_keep_every_line_once(lines: list[CartLine]) -> None:
    slices = slice_by_vendor(lines)
    assert sum(len(part) for part in slices.values()) == len(lines)
    assert all(entry.vendor_id == vendor for vendor, part in slices.items() for entry in part)


# --- the commission of a slice ---------------------------------------------------------------


def test_a_slice_worked_by_hand() -> None:
    lines = [line(333_33, "7.5", product=11), line(66_65, "5", product=12, source="default")]
    got = compute_commission(lines, D(20), [split("1.25")], attributed=True)
    # 39998 x 20% = 7999.6; 33333 x 7.5% = 2499.975; 6665 x 5% = 333.25; 39998 x 1.25% = 499.975
    assert (got.platform_minor, got.referral_minor, got.total_commission_minor) == (8000, 2833, 11333)
    assert [item.amount_minor for item in got.items] == [2500, 333]
    assert got.splits[0].amount_minor == 500
    assert got.net_payout_minor == 39998 - 11333
    assert not got.is_held
    assert got.held_reason is None


@pytest.mark.parametrize(("subtotal", "expected"), [(50, 1), (49, 0), (150, 2), (250, 3), (100, 1)])
def test_a_half_minor_unit_rounds_up(subtotal: int, expected: int) -> None:
    got = compute_commission([line(subtotal, "1")], D(0), [], attributed=True)
    assert got.referral_minor == expected


def test_each_line_is_rounded_on_its_own() -> None:
    # Twice 0.5 is 2 by lines and would be 1 on the sum.
    assert compute_commission([line(50, "1"), line(50, "1")], D(0), [], attributed=True).referral_minor == 2


def test_the_platform_is_rounded_once_on_the_subtotal() -> None:
    assert compute_commission([line(50, "0"), line(50, "0")], D(1), [], attributed=True).platform_minor == 1


def test_breakdown_has_the_written_shape() -> None:
    lines = [line(100_00, "10", product=7), line(200_00, "5", product=8, source="merchant")]
    splits = [CustomSplit("charity", D("2.500000"), "Two and a half for the shelter")]
    assert breakdown_as_json(compute_commission(lines, D("17.000000"), splits, attributed=True), "UAH") == {
        "platformCommission": "51.00",
        "referralCommission": "20.00",
        "referralEffectivePercent": "6.666667",
        "referralByItem": [
            {"productId": 7, "percent": "10", "source": "product", "subtotal": "100.00", "amount": "10.00"},
            {"productId": 8, "percent": "5", "source": "merchant", "subtotal": "200.00", "amount": "10.00"},
        ],
        "customSplits": [
            {
                "recipientId": "charity",
                "percent": "2.5",
                "amount": "7.50",
                "description": "Two and a half for the shelter",
            }
        ],
        "totalCommission": "78.50",
    }


def test_without_attribution_there_is_no_referral_part() -> None:
    got = breakdown_as_json(compute_commission([line(100_00, "10")], D(20), [], attributed=False), "UAH")
    assert got["referralCommission"] == "0.00"
    assert got["referralEffectivePercent"] == "0"
    assert got["referralByItem"] == []
    assert got["totalCommission"] == "20.00"


def test_a_currency_without_minor_units_has_no_point() -> None:
    got = breakdown_as_json(compute_commission([line(150, "1")], D(20), [], attributed=True), "JPY")
    assert (got["platformCommission"], got["referralCommission"]) == ("30", "2")


def test_a_commission_above_the_subtotal_is_held() -> None:
    got = compute_commission([line(100_00, "50")], D(40), [split("10.01")], attributed=True)
    assert got.is_held
    assert got.held_reason == "commission_exceeds_subtotal"
    assert got.total_commission_minor == 100_01


def test_a_commission_of_the_whole_subtotal_is_not_held() -> None:
    got = compute_commission([line(100_00, "50")], D(40), [split("10")], attributed=True)
    assert (got.is_held, got.net_payout_minor) == (False, 0)


@pytest.mark.parametrize("lines", [[], [line(0, "50")]])
def test_a_free_slice_has_no_commission(lines: list[CartLine]) -> None:
    got = compute_commission(lines, D(20), [split("5")], attributed=True)
    assert (got.total_commission_minor, got.net_payout_minor, got.is_held) == (0, 0, False)


@given(cart_lines, percents, split_lists, st.booleans())
def test_nothing_is_lost_and_nothing_appears(
    lines: list[CartLine], platform: D, splits: list[CustomSplit], attributed: bool
) -> None:
    got = compute_commission(lines, platform, splits, attributed)
    parts = got.platform_minor + got.referral_minor + sum(part.amount_minor for part in got.splits)
    assert parts == got.total_commission_minor
    assert got.total_commission_minor + got.net_payout_minor == sum(entry.subtotal_minor for entry in lines)
    assert got.is_held == (got.net_payout_minor < 0)


@given(cart_lines, percents, split_lists, st.booleans())
def test_the_json_adds_up(
    lines: list[CartLine], platform: D, splits: list[CustomSplit], attributed: bool
) -> None:
    got = breakdown_as_json(compute_commission(lines, platform, splits, attributed), "UAH")
    items, shares = got["referralByItem"], got["customSplits"]
    assert isinstance(items, list)
    assert isinstance(shares, list)
    assert sum((D(item["amount"]) for item in items), D(0)) == D(str(got["referralCommission"]))
    whole = D(str(got["platformCommission"])) + D(str(got["referralCommission"]))
    assert whole + sum((D(share["amount"]) for share in shares), D(0)) == D(str(got["totalCommission"]))


@given(cart_lines, percents, split_lists)
def test_every_rounding_is_within_half_a_minor_unit(
    lines: list[CartLine], platform: D, splits: list[CustomSplit]
) -> None:
    got = compute_commission(lines, platform, splits, attributed=True)
    for rounded, base, percent in _roundings(got):
        exact = Fraction(base) * Fraction(percent) / 100
        assert exact - Fraction(1, 2) < rounded <= exact + Fraction(1, 2)


def _roundings(got: CommissionBreakdown) -> list[tuple[int, int, D]]:
    whole = got.subtotal_minor
    items = [(item.amount_minor, item.subtotal_minor, item.percent) for item in got.items]
    shares = [(part.amount_minor, whole, part.split.percent) for part in got.splits]
    return [(got.platform_minor, whole, got.platform_percent), *items, *shares]


@given(cart_lines, percents, split_lists)
def test_accepted_terms_hold_only_for_rounding(
    lines: list[CartLine], platform: D, splits: list[CustomSplit]
) -> None:
    highest = max((entry.percent for entry in lines), default=D(0))
    try:
        validate_merchant_terms(platform, highest, splits)
    except CommissionTermsExceed:
        return
    got = compute_commission(lines, platform, splits, attributed=True)
    assert got.net_payout_minor >= -Fraction(1 + len(lines) + len(splits), 2)
