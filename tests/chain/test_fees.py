"""The fee rules."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from portal.chain.sending.fees import GWEI, FeePolicy, Fees, bumped_fees, first_fees, is_tip_squeezed

POLICY = FeePolicy(tip=30 * GWEI, ceiling=2000 * GWEI)
wei = st.integers(0, 5000 * GWEI)


def test_first_fees_cover_a_doubled_base_fee() -> None:
    assert first_fees(100 * GWEI, 0, POLICY) == Fees(230 * GWEI, 30 * GWEI)


def test_first_fees_use_a_higher_suggested_tip() -> None:
    assert first_fees(100 * GWEI, 50 * GWEI, POLICY) == Fees(250 * GWEI, 50 * GWEI)


def test_first_fees_never_exceed_the_ceiling() -> None:
    assert first_fees(1980 * GWEI, 0, POLICY) is None
    assert first_fees(1500 * GWEI, 0, POLICY) == Fees(2000 * GWEI, 30 * GWEI)


@given(base=wei, tip=wei, new_base=wei, new_tip=wei)
def test_bump_raises_both_fees_by_an_eighth_or_is_none(
    base: int, tip: int, new_base: int, new_tip: int
) -> None:
    first = first_fees(base, tip, POLICY)
    bumped = first and bumped_fees(first, new_base, new_tip, POLICY)
    if not first or not bumped:
        return
    assert bumped.max_fee * 8 >= first.max_fee * 9
    assert bumped.tip * 8 >= first.tip * 9
    assert bumped.tip <= bumped.max_fee <= POLICY.ceiling


def test_bump_of_zero_fees_is_positive() -> None:
    free = FeePolicy(tip=0, ceiling=GWEI)
    assert bumped_fees(Fees(0, 0), 0, 0, free) == Fees(1, 1)


def test_bump_stops_at_the_ceiling() -> None:
    assert bumped_fees(Fees(1900 * GWEI, 30 * GWEI), 1900 * GWEI, 0, POLICY) is None


def test_tip_is_squeezed_by_a_high_base_fee() -> None:
    fees = Fees(230 * GWEI, 30 * GWEI)
    assert not is_tip_squeezed(fees, 200 * GWEI, POLICY)
    assert is_tip_squeezed(fees, 210 * GWEI, POLICY)
