"""Merchant terms and custom splits: bounds, parsing, and the field that an error names."""

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
    validate_merchant_terms,
)
from portal.lib.errors import PortalError
from portal.programme import InvalidPercent
from tests.domain.commissions.sales import D, line, percents, split

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
