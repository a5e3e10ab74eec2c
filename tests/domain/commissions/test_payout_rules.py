"""Which settlements a payout run pays and which wait, by example and by property."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from portal.commissions.payout_rules import (
    BELOW_MINIMUM,
    NEXT_RUN,
    NOT_COVERED,
    RATE_AWAY,
    TOO_LARGE,
    Balance,
    DueRow,
    Exclusion,
    PayoutPlan,
    PayoutTerms,
    batch_outcome,
    leave_out,
    plan_balance,
    plan_payouts,
    token_units,
)

VENDOR = 1


def plan(
    *nets: int,
    minimum: int = 0,
    reserve: str = "0",
    released: int = 0,
    currency: str = "UAH",
    most: int = 100,
) -> PayoutPlan:
    rows = [DueRow(number, VENDOR, currency, net) for number, net in enumerate(nets, 1)]
    terms = {VENDOR: PayoutTerms(minimum, Decimal(reserve))}
    balance = Balance(VENDOR, currency, len(nets), sum(nets), released)
    return plan_payouts([balance], {(VENDOR, currency): rows}, terms, most)


def plan_rows(rows: list[DueRow], terms: dict[int, PayoutTerms], most: int = 100) -> PayoutPlan:
    """Plan rows of several balances, all of which were read."""
    by_key: dict[tuple[int, str], list[DueRow]] = {}
    for row in rows:
        by_key.setdefault((row.vendor_id, row.currency), []).append(row)
    balances = [Balance(*key, len(own), sum(row.net_minor for row in own)) for key, own in by_key.items()]
    return plan_payouts(balances, by_key, terms, most)


@pytest.mark.parametrize(
    ("nets", "options", "amount", "reserve"),
    [
        ((1000,), {}, 1000, 0),
        ((1000, 500), {}, 1500, 0),
        ((1000, -300), {}, 700, 0),
        ((1000,), {"reserve": "10"}, 900, 100),
        ((1000, -300), {"reserve": "10"}, 630, 70),
        ((5,), {"reserve": "10"}, 4, 1),  # the reserve is rounded half-up
        ((1000,), {"reserve": "100"}, 0, 1000),
        ((1000,), {"minimum": 1000}, 1000, 0),
        ((600, 400), {"minimum": 1000}, 1000, 0),
        # A minimum of 10.00 is ten units of the currency, whatever its decimals.
        ((10,), {"minimum": 1000, "currency": "JPY"}, 10, 0),
        ((10_000,), {"minimum": 1000, "currency": "KWD"}, 10_000, 0),
        ((100_000,), {"minimum": 1000, "currency": "CLF"}, 100_000, 0),
        ((1000,), {"released": 200, "reserve": "10"}, 1100, 100),
        ((-100,), {"released": 200}, 100, 0),
        ((), {"released": 200}, 200, 0),
        ((0, 10), {}, 10, 0),
        # A balance of 0 is completed, whatever the minimum.
        ((0,), {"minimum": 1000, "reserve": "10"}, 0, 0),
        ((1000, -1000), {"minimum": 1000, "reserve": "10"}, 0, 0),
        ((-200,), {"released": 200, "reserve": "10"}, 0, 0),
    ],
)
def test_plan_payouts_pays(
    nets: tuple[int, ...], options: dict[str, object], amount: int, reserve: int
) -> None:
    (payout,) = plan(*nets, **options).payouts  # type: ignore[arg-type]
    assert (payout.amount_minor, payout.reserve_minor) == (amount, reserve)
    assert len(payout.rows) == len(nets)


@pytest.mark.parametrize(
    ("nets", "options", "reason"),
    [
        ((999,), {"minimum": 1000}, BELOW_MINIMUM),
        ((1000,), {"minimum": 1000, "reserve": "1"}, BELOW_MINIMUM),
        ((1000, -1), {"minimum": 1000}, BELOW_MINIMUM),
        ((9,), {"minimum": 1000, "currency": "JPY"}, BELOW_MINIMUM),
        ((10,), {"minimum": 1001, "currency": "JPY"}, BELOW_MINIMUM),
        ((9_999,), {"minimum": 1000, "currency": "KWD"}, BELOW_MINIMUM),
        ((2**62, 2**62), {}, TOO_LARGE),
        ((2**62,), {"released": 2**62}, TOO_LARGE),
        ((-1,), {}, NOT_COVERED),
        ((1000, -1001), {}, NOT_COVERED),
        ((-300,), {"released": 200}, NOT_COVERED),
    ],
)
def test_plan_payouts_excludes(nets: tuple[int, ...], options: dict[str, object], reason: str) -> None:
    planned = plan(*nets, **options)  # type: ignore[arg-type]
    assert not planned.payouts
    (exclusion,) = planned.excluded
    assert (exclusion.reason, exclusion.count) == (reason, len(nets))


def test_vendors_and_currencies_are_planned_separately() -> None:
    rows = [DueRow(1, 1, "UAH", 60), DueRow(2, 1, "USD", 60), DueRow(3, 2, "UAH", 60)]
    planned = plan_rows(rows, {1: PayoutTerms(100), 2: PayoutTerms(50)})
    assert [(p.vendor_id, p.currency, p.amount_minor) for p in planned.payouts] == [(2, "UAH", 60)]
    assert {(e.vendor_id, e.currency) for e in planned.excluded} == {(1, "UAH"), (1, "USD")}


def test_waiting_rows_do_not_block_other_vendors() -> None:
    waiting = [DueRow(number, 1, "UAH", 1) for number in range(1, 151)]
    planned = plan_rows([*waiting, DueRow(999, 2, "UAH", 5)], {1: PayoutTerms(1000)})
    assert [payout.vendor_id for payout in planned.payouts] == [2]


def test_balance_that_does_not_fit_waits_for_the_next_run() -> None:
    rows = [DueRow(number, 1 if number <= 70 else 2, "UAH", 5) for number in range(1, 111)]
    planned = plan_rows(rows, {})
    assert [(p.vendor_id, len(p.rows)) for p in planned.payouts] == [(1, 70)]
    assert [(e.vendor_id, e.reason) for e in planned.excluded] == [(2, NEXT_RUN)]


def test_balance_longer_than_a_run_is_cut_even_below_the_minimum() -> None:
    planned = plan(*[1] * 250, minimum=200)
    (payout,) = planned.payouts
    assert (len(payout.rows), payout.amount_minor) == (100, 100)


def test_balance_of_zero_longer_than_a_run_is_completed_in_parts() -> None:
    (payout,) = plan(*[0] * 250, minimum=200).payouts
    assert (len(payout.rows), payout.amount_minor) == (100, 0)


def test_cut_includes_refunds() -> None:
    (payout,) = plan(*[10] * 150, -30).payouts
    assert len(payout.rows) == 100
    assert payout.amount_minor == 99 * 10 - 30


@pytest.mark.parametrize(
    ("balance", "nets", "expected"),
    [
        (Balance(1, "UAH", 3, 30), (10, 10), (10, 10)),  # one was written after its rows were read
        (Balance(1, "UAH", 3, 5), (10, 10), NOT_COVERED),  # ... a refund that would be paid out with them
        (Balance(1, "UAH", 3, 15), (10, 10), (10,)),  # ... a refund that is covered without the last
        (Balance(1, "UAH", 2, 20), None, NEXT_RUN),
        (Balance(1, "UAH", 0, 0, 7), None, ()),
    ],
)
def test_rows_that_are_not_the_whole_balance_pay_no_more_than_it(
    balance: Balance, nets: tuple[int, ...] | None, expected: object
) -> None:
    rows = None if nets is None else [DueRow(number, 1, "UAH", net) for number, net in enumerate(nets, 1)]
    planned = plan_balance(balance, rows, PayoutTerms())
    if isinstance(planned, Exclusion):
        assert planned.reason == expected
    else:
        assert tuple(row.net_minor for row in planned.rows) == expected


_nets = st.lists(st.integers(-10_000, 10_000), max_size=40)


def test_cut_without_all_refunds_does_not_pay_their_amount() -> None:
    assert not plan(0, -1, -1, released=3, most=1).payouts


@example([0, -1], 0, Decimal(0), 2, 1)
@given(_nets, st.integers(0, 5_000), st.decimals(0, 100, places=2), st.integers(0, 5_000), st.integers(1, 30))
def test_every_payout_is_covered_and_complete(
    nets: list[int], minimum: int, reserve: Decimal, released: int, most: int
) -> None:
    planned = plan(*nets, minimum=minimum, reserve=str(reserve), released=released, most=most)
    worth = sum(nets) + released
    for payout in planned.payouts:
        assert 0 <= payout.amount_minor <= worth
        assert payout.amount_minor + payout.reserve_minor == payout.net_minor + payout.released_minor
        assert len(payout.rows) <= most
        assert len({row.id for row in payout.rows}) == len(payout.rows)
        if len(nets) <= most:
            assert payout.amount_minor >= minimum or worth == 0
            assert len(payout.rows) == len(nets)
    if nets or released:
        assert len(planned.payouts) + len(planned.excluded) == 1


@given(
    st.lists(
        st.tuples(st.integers(1, 3), st.sampled_from(["UAH", "USD"]), st.integers(-50, 100)), max_size=60
    )
)
def test_run_takes_at_most_its_rows_and_each_once(drawn: list[tuple[int, str, int]]) -> None:
    rows = [DueRow(number, *each) for number, each in enumerate(drawn)]
    planned = plan_rows(rows, {}, 20)
    taken = [row.id for payout in planned.payouts for row in payout.rows]
    assert len(taken) <= 20
    assert len(taken) == len(set(taken))


def test_leave_out_excludes_a_currency() -> None:
    planned = leave_out(plan(100, -20), {"UAH"}, RATE_AWAY)
    assert not planned.payouts
    assert [(e.count, e.net_minor, e.reason) for e in planned.excluded] == [(2, 80, RATE_AWAY)]
    assert leave_out(plan(100), {"USD"}, RATE_AWAY) == plan(100)


def test_digest_differs_between_plans() -> None:
    assert plan(100).digest == plan(100).digest
    assert len({p.digest for p in (plan(100), plan(101), plan(100, 1), plan(100, reserve="1"), plan())}) == 5


@pytest.mark.parametrize(
    ("minor", "currency", "rate", "decimals", "units"),
    [
        (100_000, "UAH", Fraction(40), 6, 25_000_000),
        (100_000, "UAH", Fraction(40), 18, 25 * 10**18),
        (100, "UAH", Fraction(3), 2, 33),  # 0.333 of a dollar, floored
        (1, "UAH", Fraction(41), 2, 0),
        (12_345, "USD", Fraction(1), 6, 123_450_000),
        (500, "JPY", Fraction(150), 2, 333),
    ],
)
def test_token_units(minor: int, currency: str, rate: Fraction, decimals: int, units: int) -> None:
    assert token_units(minor, currency, rate, decimals) == units


@pytest.mark.parametrize(
    ("statuses", "outcome"),
    [
        (["completed"], "completed"),
        (["failed", "failed"], "failed"),
        (["completed", "failed"], "partial"),
        (["completed", "processing"], None),
        (["failed", "processing"], None),
    ],
)
def test_batch_outcome(statuses: list[str], outcome: str | None) -> None:
    assert batch_outcome(statuses) == outcome
