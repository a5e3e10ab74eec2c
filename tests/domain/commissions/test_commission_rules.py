"""Commission of a slice, merchant terms, custom splits and the reserve."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.commissions.rules import (
    CommissionBreakdown,
    CommissionTermsExceed,
    CustomSplit,
    CustomSplitInvalid,
    breakdown_as_json,
    compute_commission,
    parse_custom_splits,
    platform_percent,
    reserve_minor,
    slice_by_vendor,
    validate_merchant_terms,
)
from portal.lib.errors import PortalError
from portal.programme import InvalidPercent, ReferralLine

D = Decimal

percents = st.decimals(min_value=0, max_value=100, places=6)
amounts = st.integers(min_value=0, max_value=10**12)
referral_lines = st.lists(
    st.builds(
        ReferralLine,
        product_id=st.integers(1, 99),
        vendor_id=st.integers(1, 3),
        subtotal_minor=amounts,
        percent=percents,
        source=st.sampled_from(["product", "merchant", "default", "env"]),
    ),
    max_size=6,
)
split_lists = st.lists(
    st.builds(CustomSplit, recipient_id=st.just("fund"), percent=percents, description=st.just("")),
    max_size=4,
)


def line(
    subtotal: int, percent: str, *, product: int = 1, vendor: int = 1, source: str = "product"
) -> ReferralLine:
    return ReferralLine(product, vendor, subtotal, D(percent), source)


def split(percent: str, recipient: str = "fund") -> CustomSplit:
    return CustomSplit(recipient, D(percent), "")


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
    got = compute_commission(lines, D(20), [split("1.25")], attributed=True)
    # 39998 x 20% = 7999.6; 33333 x 7.5% = 2499.975; 6665 x 5% = 333.25; 39998 x 1.25% = 499.975
    assert (got.platform_minor, got.referral_minor, got.total_commission_minor) == (8000, 2833, 11333)
    assert [item.amount_minor for item in got.items] == [2500, 333]
    assert got.splits[0].amount_minor == 500
    assert got.net_payout_minor == 39998 - 11333
    assert not got.is_held
    assert got.held_reason is None


@pytest.mark.parametrize(("subtotal", "expected"), [(50, 1), (49, 0), (150, 2), (250, 3), (100, 1)])
def test_half_a_minor_unit_rounds_up(subtotal: int, expected: int) -> None:
    got = compute_commission([line(subtotal, "1")], D(0), [], attributed=True)
    assert got.referral_minor == expected


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
    got = breakdown_as_json(compute_commission([line(100_00, "10")], D(20), [], attributed=False), "UAH")
    assert got["referralCommission"] == "0.00"
    assert got["referralEffectivePercent"] == "0"
    assert got["referralByItem"] == []
    assert got["totalCommission"] == "20.00"


def test_amounts_of_a_currency_without_minor_units_have_no_decimals() -> None:
    got = breakdown_as_json(compute_commission([line(150, "1")], D(20), [], attributed=True), "JPY")
    assert (got["platformCommission"], got["referralCommission"]) == ("30", "2")


def test_commission_above_the_subtotal_is_held() -> None:
    got = compute_commission([line(100_00, "50")], D(40), [split("10.01")], attributed=True)
    assert got.is_held
    assert got.held_reason == "commission_exceeds_subtotal"
    assert got.total_commission_minor == 100_01


def test_commission_equal_to_the_subtotal_is_not_held() -> None:
    got = compute_commission([line(100_00, "50")], D(40), [split("10")], attributed=True)
    assert (got.is_held, got.net_payout_minor) == (False, 0)


@pytest.mark.parametrize("lines", [[], [line(0, "50")]])
def test_slice_of_subtotal_zero_has_no_commission(lines: list[ReferralLine]) -> None:
    got = compute_commission(lines, D(20), [split("5")], attributed=True)
    assert (got.total_commission_minor, got.net_payout_minor, got.is_held) == (0, 0, False)


@given(referral_lines, percents, split_lists, st.booleans())
def test_commission_and_net_payout_add_up_to_the_subtotal(
    lines: list[ReferralLine], platform: D, splits: list[CustomSplit], attributed: bool
) -> None:
    got = compute_commission(lines, platform, splits, attributed)
    parts = got.platform_minor + got.referral_minor + sum(part.amount_minor for part in got.splits)
    assert parts == got.total_commission_minor
    assert got.total_commission_minor + got.net_payout_minor == sum(entry.subtotal_minor for entry in lines)
    assert got.is_held == (got.net_payout_minor < 0)


@given(referral_lines, percents, split_lists, st.booleans())
def test_amounts_in_the_json_add_up(
    lines: list[ReferralLine], platform: D, splits: list[CustomSplit], attributed: bool
) -> None:
    got = breakdown_as_json(compute_commission(lines, platform, splits, attributed), "UAH")
    items, shares = got["referralByItem"], got["customSplits"]
    assert isinstance(items, list)
    assert isinstance(shares, list)
    assert sum((D(item["amount"]) for item in items), D(0)) == D(str(got["referralCommission"]))
    whole = D(str(got["platformCommission"])) + D(str(got["referralCommission"]))
    assert whole + sum((D(share["amount"]) for share in shares), D(0)) == D(str(got["totalCommission"]))


@given(referral_lines, percents, split_lists)
def test_every_rounding_is_within_half_a_minor_unit(
    lines: list[ReferralLine], platform: D, splits: list[CustomSplit]
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


@given(referral_lines, percents, split_lists)
def test_accepted_terms_exceed_a_slice_by_rounding_only(
    lines: list[ReferralLine], platform: D, splits: list[CustomSplit]
) -> None:
    highest = max((entry.percent for entry in lines), default=D(0))
    try:
        validate_merchant_terms(platform, highest, splits)
    except CommissionTermsExceed:
        return
    got = compute_commission(lines, platform, splits, attributed=True)
    assert got.net_payout_minor >= -Fraction(1 + len(lines) + len(splits), 2)


# --- merchant terms --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("platform", "most", "splits"),
    [
        ("20", "50", []),
        ("20", "50", ["30"]),
        ("50", "50", []),
        ("0", "0", ["100"]),
        ("15", "50", ["20", "15"]),
    ],
)
def test_terms_up_to_100_percent_are_accepted(platform: str, most: str, splits: list[str]) -> None:
    validate_merchant_terms(D(platform), D(most), [split(text) for text in splits])


@pytest.mark.parametrize(
    ("platform", "most", "splits", "field"),
    [
        ("50.000001", "50", [], "platform_percent"),
        ("60", "50", ["10"], "platform_percent"),
        ("20", "50", ["30.000001"], "custom_splits"),
        ("20", "50", ["20", "20"], "custom_splits"),
    ],
)
def test_terms_above_100_percent_are_refused_with_the_field(
    platform: str, most: str, splits: list[str], field: str
) -> None:
    with pytest.raises(CommissionTermsExceed) as caught:
        validate_merchant_terms(D(platform), D(most), [split(text) for text in splits])
    assert caught.value.field == field
    assert caught.value.code == "commission_terms_exceed"
    assert caught.value.params["total"] == D(platform) + D(most) + sum(D(text) for text in splits)


@pytest.mark.parametrize("text", ["-1", "100.1", "NaN", "Infinity"])
def test_percent_outside_its_bounds_is_refused_with_the_field(text: str) -> None:
    with pytest.raises(InvalidPercent) as caught:
        validate_merchant_terms(D(text), D(50), [])
    assert caught.value.field == "platform_percent"


# --- custom splits ---------------------------------------------------------------------------


def test_parse_custom_splits_keeps_the_order() -> None:
    stored = [
        {"recipientId": "charity", "percent": "2.5", "description": " shelter "},
        {"recipient_id": 12, "percent": 3},
        {"recipientId": "press", "percent": 0.25, "description": None},
    ]
    assert parse_custom_splits(stored) == [
        CustomSplit("charity", D("2.5"), "shelter"),
        CustomSplit("12", D(3), ""),
        CustomSplit("press", D("0.25"), ""),
    ]


@pytest.mark.parametrize("value", [None, []])
def test_parse_custom_splits_of_nothing(value: object) -> None:
    assert parse_custom_splits(value) == []


@pytest.mark.parametrize(
    ("value", "field"),
    [
        ({}, "custom_splits"),
        ("[]", "custom_splits"),
        (["x"], "custom_splits[0]"),
        ([{"percent": "1"}], "custom_splits[0].recipientId"),
        ([{"recipientId": "  ", "percent": "1"}], "custom_splits[0].recipientId"),
        ([{"recipientId": True, "percent": "1"}], "custom_splits[0].recipientId"),
        ([{"recipientId": "a" * 201, "percent": "1"}], "custom_splits[0].recipientId"),
        ([{"recipientId": "a"}], "custom_splits[0].percent"),
        ([{"recipientId": "a", "percent": "1"}, {"recipientId": "b"}], "custom_splits[1].percent"),
        ([{"recipientId": "a", "percent": "1", "description": 5}], "custom_splits[0].description"),
    ],
)
def test_invalid_split_is_refused_with_the_field(value: object, field: str) -> None:
    with pytest.raises(PortalError) as caught:
        parse_custom_splits(value)
    assert caught.value.field == field
    assert isinstance(caught.value, CustomSplitInvalid | InvalidPercent)


@pytest.mark.parametrize(
    "percent",
    [
        "five",
        "",
        "-1",
        "100.1",
        "NaN",
        "Infinity",
        "1e1",
        "1_0",
        "٣",
        "1.0000001",
        True,
        float("nan"),
        -1,
        101,
    ],
)
def test_invalid_split_percent_is_refused(percent: object) -> None:
    with pytest.raises(InvalidPercent) as caught:
        parse_custom_splits([{"recipientId": "a", "percent": percent}])
    assert caught.value.field == "custom_splits[0].percent"


@given(st.lists(percents, max_size=5))
def test_splits_round_trip_through_the_breakdown(values: list[D]) -> None:
    splits = [CustomSplit(f"r{index}", percent, "why") for index, percent in enumerate(values)]
    stored = breakdown_as_json(compute_commission([line(100, "0")], D(0), splits, True), "UAH")[
        "customSplits"
    ]
    assert parse_custom_splits(stored) == splits


# --- the reserve -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("net", "percent", "expected"),
    [(100_00, "10", 10_00), (5, "10", 1), (4, "10", 0), (0, "10", 0), (-100, "10", 0), (77, "100", 77)],
)
def test_reserve(net: int, percent: str, expected: int) -> None:
    assert reserve_minor(net, D(percent)) == expected


@given(amounts, percents)
def test_reserve_is_between_zero_and_the_net_payout(net: int, percent: D) -> None:
    assert 0 <= reserve_minor(net, percent) <= net
