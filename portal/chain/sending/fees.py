"""EIP-1559 fees in wei, pure: first offer, bump, ceiling.

Nodes accept a replacement from +10%; we offer +12.5% on both fees. See docs/rules/minting.md.
Polygon refuses tips below 25 gwei.
"""

from __future__ import annotations

from dataclasses import dataclass

GWEI = 10**9
POLYGON_TIP_FLOOR = 25 * GWEI
_BUMP_NUMERATOR, _BUMP_DENOMINATOR = 9, 8


@dataclass(frozen=True)
class Fees:
    """The fees that a transaction offers, in wei per gas."""

    max_fee: int
    tip: int


@dataclass(frozen=True)
class FeePolicy:
    """The limits from the settings, in wei per gas."""

    tip: int
    ceiling: int

    @property
    def tip_floor(self) -> int:
        """The effective tip below which a transaction is treated as stuck."""
        return min(self.tip, POLYGON_TIP_FLOOR)


def first_fees(base_fee: int, suggested_tip: int, policy: FeePolicy) -> Fees | None:
    """Return the fees of a new transaction, None while the base fee exceeds the ceiling."""
    tip = max(policy.tip, suggested_tip)
    if base_fee + policy.tip_floor > policy.ceiling:
        return None
    max_fee = min(2 * base_fee + tip, policy.ceiling)
    return Fees(max_fee, min(tip, max_fee))


def bumped_fees(previous: Fees, base_fee: int, suggested_tip: int, policy: FeePolicy) -> Fees | None:
    """Return fees that replace `previous` at the same nonce, None when the ceiling forbids it."""
    least_fee, least_tip = _raised(previous.max_fee), _raised(previous.tip)
    tip = max(least_tip, min(max(policy.tip, suggested_tip), policy.ceiling))
    max_fee = min(max(least_fee, 2 * base_fee + tip), policy.ceiling)
    if max_fee < least_fee or max_fee < least_tip:
        return None
    return Fees(max_fee, min(tip, max_fee))


def is_tip_squeezed(fees: Fees, base_fee: int, policy: FeePolicy) -> bool:
    """Return whether the base fee leaves the validator less than the tip floor."""
    return min(fees.tip, fees.max_fee - base_fee) < policy.tip_floor


def _raised(fee: int) -> int:
    """Return a fee raised by 12.5%, rounded up, and by one wei at least."""
    return max(-(-fee * _BUMP_NUMERATOR // _BUMP_DENOMINATOR), fee + 1)
