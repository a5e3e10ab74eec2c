"""The reserve withheld from a payout. See docs/rules/payouts.md."""

from __future__ import annotations

import pytest
from hypothesis import given

from portal.commissions.rules import reserve_minor
from tests.domain.commissions.sales import D, amounts, percents


@pytest.mark.parametrize(
    ("net", "percent", "expected"),
    [(100_00, "10", 10_00), (5, "10", 1), (4, "10", 0), (0, "10", 0), (-100, "10", 0), (77, "100", 77)],
)
def test_reserve(net: int, percent: str, expected: int) -> None:
    assert reserve_minor(net, D(percent)) == expected


@given(amounts, percents)
def test_reserve_is_between_zero_and_the_net_payout(net: int, percent: D) -> None:
    assert 0 <= reserve_minor(net, percent) <= net
