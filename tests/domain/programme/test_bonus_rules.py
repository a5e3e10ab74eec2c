"""The bonus of a sale: level, campaign and referrer, the best or their sum, never above the maximum."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal as D
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from portal.programme import ApprovalConditions, ApprovalFacts, PaidSale, decide_reward, unmet_conditions
from portal.programme.bonus_rules import BonusFacts, Campaign, ReferrerBonus, decide_bonus
from portal.programme.rules import PercentPolicy, Programme, ReferralLine
from portal.programme.version_rules import BonusRules, LevelBonus, ProgrammeRules, rules_as_json

AT = datetime(2026, 6, 15, 12, tzinfo=UTC)
DAY = timedelta(days=1)
LEVELS = (LevelBonus(referrals=10, percent=D(1)), LevelBonus(referrals=50, percent=D(2)))
OWN = ReferrerBonus(4, D("1.5"))


def campaign(percent: str, number: int = 1, **changes: Any) -> Campaign:
    values = {"starts_at": AT - DAY, "ends_at": AT + DAY, **changes}
    return Campaign(number, f"Campaign {number}", D(percent), **values)


def bonus_of(*, combine: Any = "sum", room: str = "45", **facts: Any) -> Any:
    campaigns, own = facts.pop("campaigns", ()), facts.pop("own", None)
    return decide_bonus(
        BonusFacts(**{"paid_at": AT, **facts}), LEVELS, combine, campaigns, own, Fraction(D(room))
    )


@pytest.mark.parametrize(("referrals", "percent"), [(0, 0), (9, 0), (10, 1), (49, 1), (50, 2), (10_000, 2)])
def test_level_counts_the_referrals_before_this_sale(referrals: int, percent: int) -> None:
    assert bonus_of(referrals=referrals).percent == percent


@pytest.mark.parametrize(
    ("changes", "fits"),
    [
        ({}, True),
        ({"starts_at": AT}, True),
        ({"starts_at": AT + timedelta(microseconds=1)}, False),
        ({"ends_at": AT}, False),
        ({"ends_at": AT + timedelta(microseconds=1)}, True),
        ({"codes": frozenset({"AbCdEf23"})}, True),
        ({"codes": frozenset({"abcdef23"})}, False),
        ({"store_ids": frozenset({7})}, True),
        ({"store_ids": frozenset({1})}, False),
        ({"codes": frozenset({"AbCdEf23"}), "store_ids": frozenset({1})}, False),
    ],
)
def test_campaign_needs_its_time_code_and_store(changes: dict[str, Any], fits: bool) -> None:
    bonus = bonus_of(code="AbCdEf23", store_id=7, campaigns=[campaign("3", **changes)])
    assert (bonus.percent, bonus.campaign is not None) == (3 if fits else 0, fits)


def test_membership_has_no_store_and_no_campaign_of_stores() -> None:
    assert bonus_of(code="AbCdEf23", campaigns=[campaign("3", store_ids=frozenset({1}))]).percent == 0


def test_of_several_campaigns_the_best_counts_once() -> None:
    bonus = bonus_of(campaigns=[campaign("2", 1), campaign("3", 3), campaign("3", 2)])
    assert (bonus.percent, bonus.campaign.number) == (3, 2)


@pytest.mark.parametrize(
    ("combine", "percent", "kinds"),
    [("sum", "6.5", ["level", "referrer", "campaign"]), ("best", "3", ["campaign"])],
)
def test_best_or_sum(combine: str, percent: str, kinds: list[str]) -> None:
    bonus = bonus_of(combine=combine, referrals=50, own=OWN, campaigns=[campaign("3")])
    assert (bonus.percent, [part.kind for part in bonus.parts]) == (D(percent), kinds)


def test_of_equal_bonuses_the_one_without_a_budget_is_taken() -> None:
    bonus = bonus_of(combine="best", referrals=50, campaigns=[campaign("2")])
    assert (bonus.parts[0].kind, bonus.campaign_percent) == ("level", 0)


@pytest.mark.parametrize(
    ("room", "percent", "of_campaign"),
    [("6.5", "6.5", "3"), ("4", "4", "3"), ("2", "2", "2"), ("0", "0", "0")],
)
def test_bonus_is_cut_to_what_the_maximum_leaves(room: str, percent: str, of_campaign: str) -> None:
    bonus = bonus_of(referrals=50, own=OWN, campaigns=[campaign("3")], room=room)
    assert (bonus.percent, bonus.campaign_percent) == (D(percent), D(of_campaign))
    assert bonus.offered == (D("6.5") if bonus.percent else 0)


points = st.decimals(D("0.000001"), D(100), places=6)


@given(
    st.sampled_from(["best", "sum"]),
    st.integers(0, 100),
    st.none() | points,
    st.lists(points, max_size=3),
    st.lists(st.tuples(st.integers(0, 10**9), st.decimals(0, 50, places=6)), max_size=4),
    st.decimals(0, 50, places=6),
)
def test_percent_and_bonus_never_exceed_the_maximum(
    combine: Any,
    referrals: int,
    own: D | None,
    campaigns: list[D],
    lines: list[tuple[int, D]],
    most: D,
) -> None:
    rules = ProgrammeRules(
        hold_days=0,
        approval={"fiat": "manual", "crypto": "automatic"},
        bonus=BonusRules(combine=combine, levels=LEVELS),
    )
    programme = Programme(
        3,
        rules,
        campaigns=tuple(campaign(f"{percent:f}", number) for number, percent in enumerate(campaigns)),
        referrer_bonus=ReferrerBonus(1, own) if own else None,
    )
    sold = tuple(ReferralLine(1, 1, subtotal, min(percent, most), "product") for subtotal, percent in lines)
    sale = PaidSale(AT, "fiat", sold, "AbCdEf23", 1, 9, referrals)
    decision = decide_reward(sale, PercentPolicy(D(5), D(5), most), programme)
    whole = decision.percent + Fraction(decision.bonus.percent)
    assert decision.percent <= whole <= most
    assert decision.bonus.campaign_percent <= decision.bonus.percent <= decision.bonus.offered
    assert bool(decision.bonus.parts) == (decision.bonus.percent > 0)
    if decision.percent == 0:
        assert decision.bonus.percent == 0
    # Nothing but the bonus changes what the vendors pay.
    plain = decide_reward(sale, PercentPolicy(D(5), D(5), most), Programme(3, rules))
    assert plain.percent == decision.percent


# --- approval --------------------------------------------------------------------------------

ALL = ApprovalConditions(
    max_usd=D(25), no_risk_hint=True, referrer_days=30, referrer_minted=3, customer_known=True
)
GOOD = {
    "usd_value": D(25),
    "risk_hints": 0,
    "referrer_days": 30,
    "referrer_minted": 3,
    "customer_known": True,
}


@pytest.mark.parametrize(
    ("changes", "unmet"),
    [
        ({}, ()),
        ({"usd_value": D("25.01")}, ("max_usd",)),
        ({"usd_value": None}, ("max_usd",)),
        ({"risk_hints": 1}, ("no_risk_hint",)),
        ({"referrer_days": 29}, ("referrer_days",)),
        ({"referrer_minted": 2}, ("referrer_minted",)),
        ({"customer_known": False}, ("customer_known",)),
        ({"referrer_days": 0, "risk_hints": 2}, ("no_risk_hint", "referrer_days")),
    ],
)
def test_every_chosen_condition_must_hold(changes: dict[str, Any], unmet: tuple[str, ...]) -> None:
    assert unmet_conditions(ALL, ApprovalFacts(**{**GOOD, **changes})) == unmet


def test_conditions_that_were_not_chosen_do_not_matter() -> None:
    worst = ApprovalFacts(D(10**9), 9, 0, 0, customer_known=False)
    assert unmet_conditions(ApprovalConditions(referrer_minted=1), worst) == ("referrer_minted",)


@pytest.mark.parametrize("author", ["version", "campaign", "referrer"])
@pytest.mark.parametrize("rail", ["fiat", "crypto"])
def test_author_of_a_rule_is_never_approved_by_it(author: str, rail: Any) -> None:
    rules = ProgrammeRules(hold_days=0, approval={"fiat": "automatic", "crypto": "automatic"}, bonus="none")
    rules = rules.model_copy(update={"bonus": BonusRules(combine="sum")})
    programme = Programme(
        3,
        rules,
        created_by=9 if author == "version" else 1,
        campaigns=(campaign("1", created_by=9 if author == "campaign" else 1),),
        referrer_bonus=ReferrerBonus(1, D(1), 9 if author == "referrer" else None),
    )
    policy = PercentPolicy(D(5), D(5), D(50))
    assert decide_reward(PaidSale(AT, rail, referrer_user_id=9), policy, programme).approval == "manual"
    assert decide_reward(PaidSale(AT, rail, referrer_user_id=8), policy, programme).approval == "automatic"


# --- how rules are stored --------------------------------------------------------------------


def test_rules_are_read_as_they_were_stored() -> None:
    rules = ProgrammeRules(
        hold_days=14,
        approval={"fiat": "conditional", "crypto": "manual", "conditions": ALL},
        bonus=BonusRules(combine="sum", levels=LEVELS),
        budget_usd=D("1000.50"),
    )
    stored = rules_as_json(rules)
    assert stored["bonus"]["levels"][0] == {"referrals": 10, "percent": "1"}
    assert stored["budgetUsd"] == "1000.50"
    assert ProgrammeRules.model_validate(stored) == rules


@pytest.mark.parametrize(
    "changes",
    [
        {"bonus": {"combine": "sum", "levels": [{"referrals": 10, "percent": 1.5}]}},
        {"bonus": {"combine": "sum", "levels": [{"referrals": 10, "percent": "NaN"}]}},
        {"bonus": {"combine": "sum", "levels": [{"referrals": 10, "percent": "one"}]}},
        {"bonus": {"combine": "sum", "levels": [{"referrals": 0, "percent": "1"}]}},
        {"bonus": {"combine": "most", "levels": []}},
        {
            "bonus": {
                "combine": "sum",
                "levels": [{"referrals": 10, "percent": "2"}, {"referrals": 5, "percent": "3"}],
            }
        },
        {
            "bonus": {
                "combine": "sum",
                "levels": [{"referrals": 5, "percent": "3"}, {"referrals": 10, "percent": "3"}],
            }
        },
        {"approval": {"fiat": "conditional", "crypto": "manual"}},
        {"approval": {"fiat": "conditional", "crypto": "manual", "conditions": {}}},
        {"approval": {"fiat": "manual", "crypto": "manual", "conditions": {"noRiskHint": True}}},
        {"approval": {"fiat": "manual", "crypto": "conditional"}},
        {"budgetUsd": -1},
        {"budgetUsd": "-1"},
        {"budgetUsd": "1.005"},
    ],
)
def test_stored_rules_of_another_shape_are_refused(changes: dict[str, Any]) -> None:
    plain = {"holdDays": 0, "approval": {"fiat": "manual", "crypto": "automatic"}, "bonus": "none"}
    ProgrammeRules.model_validate(plain)
    with pytest.raises(ValidationError):
        ProgrammeRules.model_validate({**plain, **changes})
