"""Commission of a slice of a sale: rounding, and the parts that add up. See docs/rules/settlements.md."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.commissions.rules import (
    CommissionBreakdown,
    CommissionTermsExceed,
    CustomSplit,
    breakdown_as_json,
    compute_commission,
    platform_percent,
    slice_by_vendor,
    validate_merchant_terms,
)
from portal.programme import ReferralLine
from tests.domain.commissions.sales import D, line, percents, referral_lines, split, split_lists

# --- the platform percent --------------------------------------------------------------------


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


# --- slices ----------------------------------------------------------------------------------


@given(referral_lines)
def test_every_line_is_in_one_slice(lines: list[ReferralLine]) -> None:
    slices = slice_by_vendor(lines)
    assert sum(len(part) for part in slices.values()) == len(lines)
    assert all(entry.vendor_id == vendor for vendor, part in slices.items() for entry in part)


# --- the commission of a slice ---------------------------------------------------------------


def test_compute_commission_of_a_worked_example() -> None:
    lines = [line(333_33, "7.5", product=11), line(66_65, "5", product=12, source="default")]
    commission = compute_commission(lines, D(20), [split("1.25")], attributed=True)
    # 39998 x 20% = 7999.6; 33333 x 7.5% = 2499.975; 6665 x 5% = 333.25; 39998 x 1.25% = 499.975
    assert (commission.platform_minor, commission.referral_minor, commission.total_commission_minor) == (
        8000,
        2833,
        11333,
    )
    assert [item.amount_minor for item in commission.items] == [2500, 333]
    assert commission.splits[0].amount_minor == 500
    assert commission.net_payout_minor == 39998 - 11333
    assert not commission.is_held
    assert commission.held_reason is None


@pytest.mark.parametrize(("subtotal", "expected"), [(50, 1), (49, 0), (150, 2), (250, 3), (100, 1)])
def test_half_a_minor_unit_rounds_up(subtotal: int, expected: int) -> None:
    commission = compute_commission([line(subtotal, "1")], D(0), [], attributed=True)
    assert commission.referral_minor == expected


def test_each_line_is_rounded_separately() -> None:
    # Twice 0.5 is 2 by lines and would be 1 on the sum.
    assert compute_commission([line(50, "1"), line(50, "1")], D(0), [], attributed=True).referral_minor == 2


def test_platform_commission_is_rounded_once_on_the_subtotal() -> None:
    assert compute_commission([line(50, "0"), line(50, "0")], D(1), [], attributed=True).platform_minor == 1


def test_breakdown_as_json() -> None:
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


def test_breakdown_without_attribution_has_no_referral_part() -> None:
    commission = breakdown_as_json(
        compute_commission([line(100_00, "10")], D(20), [], attributed=False), "UAH"
    )
    assert commission["referralCommission"] == "0.00"
    assert commission["referralEffectivePercent"] == "0"
    assert commission["referralByItem"] == []
    assert commission["totalCommission"] == "20.00"


def test_amounts_of_a_currency_without_minor_units_have_no_decimals() -> None:
    commission = breakdown_as_json(compute_commission([line(150, "1")], D(20), [], attributed=True), "JPY")
    assert (commission["platformCommission"], commission["referralCommission"]) == ("30", "2")


def test_commission_above_the_subtotal_is_held() -> None:
    commission = compute_commission([line(100_00, "50")], D(40), [split("10.01")], attributed=True)
    assert commission.is_held
    assert commission.held_reason == "commission_exceeds_subtotal"
    assert commission.total_commission_minor == 100_01


def test_commission_equal_to_the_subtotal_is_not_held() -> None:
    commission = compute_commission([line(100_00, "50")], D(40), [split("10")], attributed=True)
    assert (commission.is_held, commission.net_payout_minor) == (False, 0)


@pytest.mark.parametrize("lines", [[], [line(0, "50")]])
def test_slice_of_subtotal_zero_has_no_commission(lines: list[ReferralLine]) -> None:
    commission = compute_commission(lines, D(20), [split("5")], attributed=True)
    assert (commission.total_commission_minor, commission.net_payout_minor, commission.is_held) == (
        0,
        0,
        False,
    )


@given(referral_lines, percents, split_lists, st.booleans())
def test_commission_and_net_payout_add_up_to_the_subtotal(
    lines: list[ReferralLine], platform: D, splits: list[CustomSplit], attributed: bool
) -> None:
    commission = compute_commission(lines, platform, splits, attributed)
    parts = (
        commission.platform_minor
        + commission.referral_minor
        + sum(part.amount_minor for part in commission.splits)
    )
    assert parts == commission.total_commission_minor
    assert commission.total_commission_minor + commission.net_payout_minor == sum(
        entry.subtotal_minor for entry in lines
    )
    assert commission.is_held == (commission.net_payout_minor < 0)


@given(referral_lines, percents, split_lists, st.booleans())
def test_amounts_in_the_json_add_up(
    lines: list[ReferralLine], platform: D, splits: list[CustomSplit], attributed: bool
) -> None:
    commission = breakdown_as_json(compute_commission(lines, platform, splits, attributed), "UAH")
    items, shares = commission["referralByItem"], commission["customSplits"]
    assert isinstance(items, list)
    assert isinstance(shares, list)
    assert sum((D(item["amount"]) for item in items), D(0)) == D(str(commission["referralCommission"]))
    whole = D(str(commission["platformCommission"])) + D(str(commission["referralCommission"]))
    assert whole + sum((D(share["amount"]) for share in shares), D(0)) == D(
        str(commission["totalCommission"])
    )


@given(referral_lines, percents, split_lists)
def test_every_rounding_is_within_half_a_minor_unit(
    lines: list[ReferralLine], platform: D, splits: list[CustomSplit]
) -> None:
    commission = compute_commission(lines, platform, splits, attributed=True)
    for rounded, base, percent in _roundings(commission):
        exact = Fraction(base) * Fraction(percent) / 100
        assert exact - Fraction(1, 2) < rounded <= exact + Fraction(1, 2)


def _roundings(commission: CommissionBreakdown) -> list[tuple[int, int, D]]:
    whole = commission.subtotal_minor
    items = [(item.amount_minor, item.subtotal_minor, item.percent) for item in commission.items]
    shares = [(part.amount_minor, whole, part.split.percent) for part in commission.splits]
    return [(commission.platform_minor, whole, commission.platform_percent), *items, *shares]


@given(referral_lines, percents, split_lists)
def test_accepted_terms_exceed_a_slice_by_rounding_only(
    lines: list[ReferralLine], platform: D, splits: list[CustomSplit]
) -> None:
    highest = max((entry.percent for entry in lines), default=D(0))
    try:
        validate_merchant_terms(platform, highest, splits)
    except CommissionTermsExceed:
        return
    commission = compute_commission(lines, platform, splits, attributed=True)
    assert commission.net_payout_minor >= -Fraction(1 + len(lines) + len(splits), 2)
