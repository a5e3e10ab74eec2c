"""The form of a version: what it means, and which field is at fault."""

from __future__ import annotations

from decimal import Decimal as D

import pytest

from portal.lib.errors import InputInvalid
from portal.programme.form_rules import read_rules

MAX = D(50)


def test_empty_form_is_the_first_version_of_the_programme() -> None:
    rules = read_rules({}, MAX)
    assert (rules.hold_days, rules.levels, rules.combine, rules.budget_usd) == (0, (), "best", None)
    assert (rules.approval.fiat, rules.approval.crypto, rules.approval.conditions) == (
        "manual",
        "automatic",
        None,
    )


def test_every_field_is_read() -> None:
    rules = read_rules(
        {
            "hold_days": " 14 ",
            "fiat": "conditional",
            "max_usd": "1 000,50",
            "no_risk_hint": "1",
            "referrer_days": "30",
            "referrer_minted": "3",
            "customer_known": "1",
            "crypto": "manual",
            "levels": "1",
            "combine": "sum",
            "referrals_1": "10",
            "points_1": "1",
            "referrals_3": "50",
            "points_3": "2,5",
            "budget": "1",
            "budget_usd": "1000",
        },
        MAX,
    )
    assert rules.hold_days == 14
    conditions = rules.approval.conditions
    assert conditions is not None
    assert (conditions.max_usd, conditions.referrer_days, conditions.referrer_minted) == (D("1000.50"), 30, 3)
    assert (conditions.no_risk_hint, conditions.customer_known) == (True, True)
    assert (rules.approval.fiat, rules.approval.crypto) == ("conditional", "manual")
    assert [(level.referrals, level.percent) for level in rules.levels] == [(10, D(1)), (50, D("2.5"))]
    assert (rules.combine, rules.budget_usd) == ("sum", 1000)


def test_rule_that_is_off_is_left_out() -> None:
    rules = read_rules({"referrals_1": "ten", "points_1": "1", "budget_usd": "much", "max_usd": "x"}, MAX)
    assert (rules.levels, rules.budget_usd, rules.approval.conditions) == ((), None, None)


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"hold_days": "-1"}, "hold_days"),
        ({"hold_days": "366"}, "hold_days"),
        ({"hold_days": "1.5"}, "hold_days"),
        ({"hold_days": "٣"}, "hold_days"),
        ({"fiat": "conditional"}, "fiat"),
        ({"fiat": "conditional", "max_usd": "-1"}, "max_usd"),
        ({"fiat": "conditional", "max_usd": "1.005"}, "max_usd"),
        ({"fiat": "conditional", "max_usd": "1e3"}, "max_usd"),
        ({"fiat": "conditional", "referrer_days": "0"}, "referrer_days"),
        ({"fiat": "conditional", "referrer_minted": "some"}, "referrer_minted"),
        ({"levels": "1"}, "referrals_1"),
        ({"levels": "1", "referrals_1": "10"}, "points_1"),
        ({"levels": "1", "points_1": "1"}, "referrals_1"),
        ({"levels": "1", "referrals_1": "10", "points_1": "0"}, "points_1"),
        ({"levels": "1", "referrals_1": "10", "points_1": "50.000001"}, "points_1"),
        ({"levels": "1", "referrals_1": "10", "points_1": "NaN"}, "points_1"),
        (
            {"levels": "1", "referrals_1": "10", "points_1": "1", "referrals_2": "10", "points_2": "2"},
            "referrals_2",
        ),
        (
            {"levels": "1", "referrals_1": "10", "points_1": "2", "referrals_2": "20", "points_2": "2"},
            "referrals_2",
        ),
        ({"budget": "1"}, "budget_usd"),
        ({"budget": "1", "budget_usd": "lots"}, "budget_usd"),
    ],
)
def test_field_at_fault_is_named(typed: dict[str, str], field: str) -> None:
    with pytest.raises(InputInvalid) as refused:
        read_rules(typed, MAX)
    assert list(refused.value.fields) == [field]
