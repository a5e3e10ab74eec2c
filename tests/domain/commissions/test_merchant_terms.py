"""Terms of a vendor: percents, custom splits and the reserve. See docs/rules/settlements.md."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.commissions.rules import (
    CommissionTermsExceed,
    CustomSplit,
    CustomSplitInvalid,
    breakdown_as_json,
    compute_commission,
    parse_custom_splits,
    reserve_minor,
    validate_merchant_terms,
)
from portal.lib.errors import PortalError
from portal.lib.money import InvalidPercent
from tests.domain.commissions.strategies import (
    D,
    amounts,
    line,
    percents,
    split,
)

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
def test_terms_up_to_the_whole_are_accepted(platform: str, most: str, splits: list[str]) -> None:
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
def test_terms_above_the_whole_name_the_field(
    platform: str, most: str, splits: list[str], field: str
) -> None:
    with pytest.raises(CommissionTermsExceed) as caught:
        validate_merchant_terms(D(platform), D(most), [split(text) for text in splits])
    assert caught.value.field == field
    assert caught.value.code == "commission_terms_exceed"
    assert caught.value.params["total"] == D(platform) + D(most) + sum(D(text) for text in splits)


@pytest.mark.parametrize("text", ["-1", "100.1", "NaN", "Infinity"])
def test_a_term_outside_its_bounds_names_the_field(text: str) -> None:
    with pytest.raises(InvalidPercent) as caught:
        validate_merchant_terms(D(text), D(50), [])
    assert caught.value.field == "platform_percent"


# --- custom splits ---------------------------------------------------------------------------


def test_splits_are_read_in_order() -> None:
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
def test_no_splits(value: object) -> None:
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
def test_a_wrong_split_names_its_field(value: object, field: str) -> None:
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
def test_a_split_percent_that_is_none(percent: object) -> None:
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
def test_the_reserve_is_a_part_of_the_payout(net: int, percent: D) -> None:
    assert 0 <= reserve_minor(net, percent) <= net
