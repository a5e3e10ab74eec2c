"""Percents, parsing of percents, and the decision about a reward."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import ValidationError

from portal.programme.rules import (
    InvalidPercent,
    PaidSale,
    PercentPolicy,
    Programme,
    ProgrammeRules,
    ReferralLine,
    approvals_needed,
    decide_reward,
    parse_percent,
    resolve_percent,
    resolve_referral_commission_percent,
    weighted_percent,
)

D = Decimal
DEFAULT, ENV, MAX = D(5), D(4), D(50)
PAID_AT = datetime(2026, 3, 29, 0, 30, tzinfo=UTC)
RULES: dict[str, Any] = {
    "holdDays": 0,
    "approval": {"fiat": "manual", "crypto": "automatic"},
    "bonus": "none",
}

percents = st.decimals(min_value=0, max_value=100, places=6)
percent_or_unset = st.one_of(st.none(), st.just(D(0)), st.decimals(min_value=0, max_value=50, places=6))
lines_of_a_sale = st.lists(
    st.builds(
        ReferralLine,
        product_id=st.integers(1, 99),
        vendor_id=st.integers(1, 3),
        subtotal_minor=st.integers(min_value=0, max_value=10**12),
        percent=percents,
        source=st.sampled_from(["product", "merchant", "default", "env"]),
    ),
    max_size=6,
)


def policy(default: D | None = DEFAULT, env: D = ENV, most: D = MAX) -> PercentPolicy:
    return PercentPolicy(default, env, most)


def line(subtotal: int, percent: str, source: str = "product") -> ReferralLine:
    return ReferralLine(1, 1, subtotal, D(percent), source)


def programme(**changes: Any) -> Programme:
    return Programme(7, ProgrammeRules.model_validate({**RULES, **changes}))


# --- the percent hierarchy -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("product", "structure", "merchant", "default", "percent", "source"),
    [
        (D(7), D(8), D(9), D(5), D(7), "product"),
        (None, D(8), D(9), D(5), D(8), "product"),
        (None, None, D(9), D(5), D(9), "merchant"),
        (None, None, None, D(5), D(5), "default"),
        (None, None, None, None, D(4), "env"),
        (D(0), D(8), D(9), D(5), D(0), "product"),
        (None, D(0), D(9), D(5), D(0), "product"),
        (None, None, D(0), D(5), D(0), "merchant"),
        (None, None, None, D(0), D(0), "default"),
        (D(80), None, None, D(5), D(50), "product"),
        (None, None, D("50.000001"), D(5), D(50), "merchant"),
        (D(-1), None, None, D(5), D(0), "product"),
    ],
)
def test_resolve_percent_priority(
    product: D | None,
    structure: D | None,
    merchant: D | None,
    default: D | None,
    percent: D,
    source: str,
) -> None:
    resolved = resolve_percent(product, structure, merchant, policy(default))
    assert (resolved.percent, resolved.source) == (percent, source)


@given(percent_or_unset, percent_or_unset, percent_or_unset, percent_or_unset, percents)
def test_first_percent_that_is_set_wins(
    product: D | None, structure: D | None, merchant: D | None, default: D | None, env: D
) -> None:
    levels = [(product, "product"), (structure, "product"), (merchant, "merchant"), (default, "default")]
    expected = next(
        ((value, source) for value, source in levels if value is not None), (min(env, MAX), "env")
    )
    item = SimpleNamespace(
        referral_percent=product, commission_structure=SimpleNamespace(referral_percent=structure)
    )
    config = SimpleNamespace(referral_percent=merchant)
    resolved = resolve_referral_commission_percent(item, config, policy(default, env))
    assert (resolved.percent, resolved.source) == expected


@given(*[st.one_of(st.none(), st.decimals(min_value=-200, max_value=200, places=4))] * 4, percents, percents)
def test_every_resolved_percent_is_within_the_maximum(
    product: D | None, structure: D | None, merchant: D | None, default: D | None, env: D, most: D
) -> None:
    resolved = resolve_percent(product, structure, merchant, policy(default, env, most))
    assert 0 <= resolved.percent <= most


@pytest.mark.parametrize("text", ["NaN", "Infinity", "-Infinity"])
def test_percent_that_is_not_finite_is_refused(text: str) -> None:
    with pytest.raises(InvalidPercent):
        resolve_percent(D(text), None, None, policy())


def test_product_without_structure_or_merchant_inherits() -> None:
    item = SimpleNamespace(referral_percent=None, commission_structure=None)
    assert resolve_referral_commission_percent(item, None, policy()).source == "default"


# --- the percent of a sale -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([], Fraction(5)),
        ([line(0, "40")], Fraction(5)),
        ([line(100_00, "10")], Fraction(10)),
        ([line(100_00, "10"), line(0, "50")], Fraction(10)),
        ([line(100_00, "10"), line(300_00, "2")], Fraction(4)),
        ([line(100_00, "0"), line(300_00, "0")], Fraction(0)),
        ([line(1, "10"), line(2, "5")], Fraction(20, 3)),
    ],
)
def test_weighted_percent(lines: Sequence[ReferralLine], expected: Fraction) -> None:
    assert weighted_percent(lines, D(5)) == expected


@given(lines_of_a_sale, percents)
def test_weighted_percent_is_between_the_percents_of_the_lines(lines: list[ReferralLine], default: D) -> None:
    weighing = [entry.percent for entry in lines if entry.subtotal_minor] or [default]
    assert min(weighing) <= weighted_percent(lines, default) <= max(weighing)


# --- percents that are typed -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0", "0"),
        ("5", "5"),
        ("100", "100"),
        ("4.25", "4.25"),
        (" 7. ", "7"),
        ("1.0000000", "1"),
        ("5,5", "5.5"),
        ("33,333", "33.333"),
    ],
)
def test_parse_percent(text: str, value: str) -> None:
    assert parse_percent(text) == D(value)


@pytest.mark.parametrize(
    "text",
    [
        "-1",
        "-0.01",
        "100.01",
        "101",
        "NaN",
        "inf",
        "5%",
        "",
        "1e1",
        "1_0",
        "٥",
        "abc",
        "0.0000001",
        "5.1234567",
        "1,2,3",
        "1,000.5",
    ],
)
def test_parse_percent_refuses_everything_else(text: str) -> None:
    with pytest.raises(InvalidPercent) as refused:
        parse_percent(text)
    assert refused.value.params == {"at_most": D(100)}


def test_parse_percent_refuses_more_than_the_maximum() -> None:
    assert parse_percent("50", at_most=MAX) == 50
    with pytest.raises(InvalidPercent):
        parse_percent("50.000001", at_most=MAX)


@given(percents)
def test_parse_percent_reads_every_stored_percent(percent: D) -> None:
    assert parse_percent(f"{percent:f}") == percent


# --- the decision about a reward -------------------------------------------------------------


@pytest.mark.parametrize(("rail", "approval"), [("fiat", "manual"), ("crypto", "automatic")])
def test_first_version_of_the_programme(rail: Any, approval: str) -> None:
    sale = PaidSale(PAID_AT, rail, (line(100_00, "10"), line(300_00, "2")))
    decision = decide_reward(sale, policy(), programme())
    assert (decision.percent, decision.source, decision.version_id) == (4, "product", 7)
    assert (decision.bonus.percent, decision.bonus.parts) == (0, ())
    assert (decision.mintable_from, decision.approval) == (PAID_AT, approval)


@pytest.mark.parametrize(
    ("default", "percent", "source"),
    [(D(7), 7, "default"), (D(0), 0, "default"), (None, 4, "env"), (D(90), 50, "default")],
)
def test_membership_earns_the_percent_of_the_platform(default: D | None, percent: int, source: str) -> None:
    decision = decide_reward(PaidSale(PAID_AT, "fiat"), policy(default), programme())
    assert (decision.percent, decision.source) == (percent, source)


def test_source_of_mixed_lines_is_unset() -> None:
    mixed = (line(1, "5", "product"), line(1, "5", "merchant"))
    assert decide_reward(PaidSale(PAID_AT, "fiat", mixed), policy(), programme()).source is None
    weightless = (line(1, "5", "product"), line(0, "5", "merchant"))
    assert decide_reward(PaidSale(PAID_AT, "fiat", weightless), policy(), programme()).source == "product"


@pytest.mark.parametrize("days", [0, 1, 30])
def test_hold_counts_days_of_24_hours_from_the_payment(days: int) -> None:
    decision = decide_reward(PaidSale(PAID_AT, "fiat"), policy(), programme(holdDays=days))
    assert decision.mintable_from == PAID_AT + timedelta(days=days)


def test_approval_follows_the_version() -> None:
    swapped = programme(approval={"fiat": "automatic", "crypto": "manual"})
    assert decide_reward(PaidSale(PAID_AT, "fiat"), policy(), swapped).approval == "automatic"
    assert decide_reward(PaidSale(PAID_AT, "crypto"), policy(), swapped).approval == "manual"


@pytest.mark.parametrize(
    "changes",
    [
        {"holdDays": -1},
        {"holdDays": 366},
        {"holdDays": "0"},
        {"holdDays": None},
        {"holdDays": 1.5},
        {"approval": {"fiat": "manual"}},
        {"approval": {"fiat": "manual", "crypto": "never"}},
        {"bonus": "some"},
        {"minimum": 5},
    ],
)
def test_rules_of_another_shape_are_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        programme(**changes)


@pytest.mark.parametrize("missing", sorted(RULES))
def test_rules_are_complete(missing: str) -> None:
    with pytest.raises(ValidationError):
        ProgrammeRules.model_validate({name: value for name, value in RULES.items() if name != missing})


# --- the number of approvals -----------------------------------------------------------------


@given(st.one_of(st.none(), st.decimals(0, 10_000, places=18)), st.decimals(0, 10_000, places=2))
@example(D(100), D(100))
@example(D(0), D(0))
@example(None, D("0.01"))
@example(None, D(0))
def test_two_approvals_from_the_limit_on(usd_value: D | None, limit: D) -> None:
    needs_two = limit > 0 and (usd_value is None or usd_value >= limit)
    assert approvals_needed(usd_value, limit) == (2 if needs_two else 1)
