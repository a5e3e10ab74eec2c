"""Sizing of rewards and their status transitions. See docs/rules/rewards.md."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from portal.rewards.rules import (
    AmountZero,
    LinePercent,
    RateMissing,
    RewardInputs,
    RewardTooLarge,
    TokenPriceInvalid,
    inputs_as_json,
    rate_for,
    size_reward,
    stored_percent,
)
from portal.rewards.status_rules import TRANSITIONS, RewardStatus

D = Decimal
UAH = Fraction(40)
ONE = Fraction(1)

totals = st.integers(min_value=1, max_value=2**63 - 1)
percents = st.fractions(min_value=Fraction(1, 10**6), max_value=100, max_denominator=10**9)
rates = st.fractions(min_value=Fraction(1, 1000), max_value=1000, max_denominator=10**6)
prices = st.decimals(min_value=D("0.000001"), max_value=D(100_000), places=6)


@pytest.mark.parametrize(
    ("total", "currency", "percent", "rate", "price", "usd", "wei"),
    [
        # 1000 UAH / 40 = 25 USD, 5% = 1.25 USD, at 0.5 USD per token 2.5 tokens.
        (1000_00, "UAH", Fraction(5), UAH, "0.5", "1.25", 25 * 10**17),
        (100_00, "USD", Fraction(5), ONE, "1", "5", 5 * 10**18),
        # 299 UAH / 40 x 5% = 0.37375 USD at 0.1 USD per token.
        (299_00, "UAH", Fraction(5), UAH, "0.1", "0.37375", 37375 * 10**14),
        # A third of a cent at 3 USD per token: 1/900 of a token.
        (1, "USD", Fraction(100, 3), ONE, "3", "0.003333333333333333", 10**18 // 900),
        # 20/3 percent of 3 USD is exactly 0.2, not 0.19999998 or 0.20000001.
        (3_00, "USD", Fraction(20, 3), ONE, "1", "0.2", 2 * 10**17),
        # The largest total that a column holds keeps every digit.
        (2**63 - 1, "USD", Fraction(100), ONE, "1", "92233720368547758.07", 9223372036854775807 * 10**16),
        (500, "JPY", Fraction(10), Fraction(150), "1", "0.333333333333333333", 10**18 // 3),
    ],
)
def test_known_sizes(
    total: int, currency: str, percent: Fraction, rate: Fraction, price: str, usd: str, wei: int
) -> None:
    size = size_reward(total, currency, percent, rate, D(price))
    assert size.usd_value == D(usd)
    assert size.amount_wei == wei
    assert type(size.amount_wei) is int
    assert size.usd_value.as_tuple().exponent == -18


def test_stored_percent_is_rounded_but_the_amount_is_exact() -> None:
    size = size_reward(3_00, "USD", Fraction(20, 3), ONE, D(1))
    assert size.reward_percent == D("6.666667")
    assert size.amount_wei != int(3 * size.reward_percent * 10**16)


@pytest.mark.parametrize(
    ("percent", "expected"),
    [(Fraction(5), "5.000000"), (Fraction(1, 3), "0.333333"), (Fraction(2, 3), "0.666667")],
)
def test_stored_percent(percent: Fraction, expected: str) -> None:
    assert str(stored_percent(percent)) == expected


def test_missing_rate_is_refused() -> None:
    with pytest.raises(RateMissing) as caught:
        size_reward(100_00, "EUR", Fraction(5), rate_for("EUR", D(40)), D(1))
    assert caught.value.currency == "EUR"
    assert caught.value.code == "rate_missing"


@pytest.mark.parametrize("rate", [Fraction(0), Fraction(-40)])
def test_rate_must_be_positive(rate: Fraction) -> None:
    with pytest.raises(RateMissing):
        size_reward(100_00, "UAH", Fraction(5), rate, D(1))


@pytest.mark.parametrize(("total", "percent"), [(0, Fraction(5)), (100_00, Fraction(0))])
def test_zero_total_or_percent_has_no_reward(total: int, percent: Fraction) -> None:
    with pytest.raises(AmountZero):
        size_reward(total, "USD", percent, ONE, D(1))


def test_zero_percent_needs_no_rate() -> None:
    with pytest.raises(AmountZero):
        size_reward(100_00, "EUR", Fraction(0), None, D(1))


def test_less_than_one_wei_has_no_reward() -> None:
    # 0.01 USD x 10^-6 % = 10^-10 USD: exactly one wei at 10^8 USD per token.
    smallest = Fraction(1, 10**6)
    assert size_reward(1, "USD", smallest, ONE, D(10**8)).amount_wei == 1
    with pytest.raises(AmountZero):
        size_reward(1, "USD", smallest, ONE, D(10**8 + 1))


@pytest.mark.parametrize("price", ["0", "-1", "NaN", "Infinity"])
def test_invalid_token_price_is_refused(price: str) -> None:
    with pytest.raises(TokenPriceInvalid):
        size_reward(100_00, "USD", Fraction(5), ONE, D(price))


@given(totals, percents, rates, prices)
def test_amount_is_the_exact_floor(total: int, percent: Fraction, rate: Fraction, price: D) -> None:
    exact = Fraction(total, 100) / rate * percent / 100 / Fraction(price) * 10**18
    assume(exact >= 1)
    size = size_reward(total, "UAH", percent, rate, price)
    assert size.amount_wei <= exact < size.amount_wei + 1
    usd = exact * Fraction(price)
    assert Fraction(size.usd_value) * 10**18 <= usd < Fraction(size.usd_value) * 10**18 + 1


@given(totals, totals, percents, percents, rates, prices)
def test_reward_never_decreases_with_larger_total_or_percent(
    one: int, other: int, percent: Fraction, more: Fraction, rate: Fraction, price: D
) -> None:
    small = _wei(min(one, other), min(percent, more), rate, price)
    assert small <= _wei(max(one, other), min(percent, more), rate, price)
    assert small <= _wei(min(one, other), max(percent, more), rate, price)
    assert small >= _wei(min(one, other), min(percent, more), rate, price * 2)


def _wei(total: int, percent: Fraction, rate: Fraction, price: D) -> int:
    try:
        return size_reward(total, "UAH", percent, rate, price).amount_wei
    except AmountZero:
        return 0


@pytest.mark.parametrize(
    ("currency", "expected"),
    [
        ("USD", ONE),
        ("USDT", ONE),
        ("USDC", ONE),
        ("UAH", Fraction(4155, 100)),
        ("EUR", None),
        ("usd", None),
        ("", None),
    ],
)
def test_rates(currency: str, expected: Fraction | None) -> None:
    assert rate_for(currency, D("41.55")) == expected


def test_allowed_transitions_match_the_documentation() -> None:
    moves = {
        (before.value, transition.to_status)
        for transition in TRANSITIONS.values()
        for before in RewardStatus
        if before in transition.from_statuses
    }
    assert moves == {
        ("pending_approval", "approved"),
        ("pending_approval", "rejected"),
        ("approved", "minting"),
        ("approved", "rejected"),
        ("minting", "minted"),
        ("minting", "failed"),
        ("minting", "approved"),
        ("failed", "approved"),
        ("failed", "rejected"),
        # Only with the proof that the chain paid it.
        ("failed", "minting"),
        # Only after a chain reorganization.
        ("minted", "minting"),
    }


def test_inputs_are_stored_exactly() -> None:
    moment = datetime(2026, 9, 9, 10, 30, tzinfo=UTC)
    inputs = RewardInputs(
        total_minor=1000_00,
        currency="UAH",
        percent=Fraction(20, 3),
        lines=(LinePercent(7, 1000_00, D("5.000000"), "default"),),
        usd_rate=Fraction(4155, 100),
        rate_source="setting",
        rate_at=moment,
        token_price_usd=D("1E-7"),
        price_source="fixed",
        price_at=None,
    )
    stored_inputs = inputs_as_json(inputs)
    assert json.loads(json.dumps(stored_inputs)) == {
        "totalMinor": "100000",
        "currency": "UAH",
        "percent": "6.666667",
        "percentExact": "20/3",
        "lines": [{"productId": 7, "subtotalMinor": "100000", "percent": "5", "source": "default"}],
        "usdRate": "831/20",
        "rateSource": "setting",
        "rateAt": "2026-09-09T10:30:00+00:00",
        "tokenPriceUsd": "0.0000001",
        "priceSource": "fixed",
        "priceAt": None,
    }
    assert Fraction(str(stored_inputs["percentExact"])) == inputs.percent


@pytest.mark.parametrize(
    ("total", "rate", "price"),
    [
        (10**15, Fraction(1), "1E-35"),
        (2**63 - 1, Fraction(1, 10**6), "1"),
        (2**63 - 1, Fraction(40), "1E-80"),
    ],
)
def test_size_beyond_its_columns_is_refused(total: int, rate: Fraction, price: str) -> None:
    with pytest.raises(RewardTooLarge):
        size_reward(total, "UAH", Fraction(100), rate, D(price))
