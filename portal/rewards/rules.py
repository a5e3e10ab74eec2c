"""Decide the size of a reward; pure and exact. See docs/rules/rewards.md."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any, Protocol

from portal.lib.errors import PortalError
from portal.lib.money import decimal_text, fraction_to_decimal, minor_digits

WEI_PER_TOKEN = 10**18
USD_PLACES = 18
USD_SHOWN_PLACES = 6
PERCENT_PLACES = 6
# What the columns of one reward and of the sums over many hold.
MAX_REWARD_WEI = 10**60
MAX_USD = 10**20
DOLLAR_CURRENCIES = frozenset({"USD", "USDT", "USDC"})


class RateMissing(PortalError):
    """There is no rate from `currency` to USD; the reward can be retried once there is one."""

    code = "rate_missing"

    def __init__(self, currency: str) -> None:
        super().__init__(f"no USD rate for {currency}", field="currency", currency=currency)
        self.currency = currency


class AmountZero(PortalError):
    """The reward comes to less than one wei, so there is nothing to pay."""

    code = "reward_amount_zero"


class RewardTooLarge(PortalError):
    """The reward is beyond any real amount of tokens, because the token price or the rate is wrong."""

    code = "reward_too_large"


class TokenPriceInvalid(PortalError):
    """The token's USD price is not a finite number above zero."""

    code = "token_price_invalid"


class HasPercents(Protocol):
    """A reward: its percent, and the percent points that the platform adds."""

    reward_percent: Decimal
    bonus_percent: Decimal


class HasAmounts(Protocol):
    """A reward: its value when it was sized, and in wei what it had then, has now, and paid for earlier refunds."""

    usd_value: Decimal | None
    granted_wei: Decimal | None
    reward_amount_wei: Decimal | None
    netted_wei: Decimal


@dataclass(frozen=True)
class LinePercent:
    """The percent of one cart line, with its source tag."""

    product_id: int | None
    subtotal_minor: int
    percent: Decimal
    source: str


@dataclass(frozen=True)
class RewardInputs:
    """Everything that a reward was sized from, so that it can be computed again.

    `percent` is without the bonus; `campaign_percent` is the part of the bonus that a campaign pays, and `bonus` says
    what the bonus came from. `usd_rate` is in units of the currency per USD; a membership has no lines.
    """

    total_minor: int
    currency: str
    percent: Fraction
    lines: tuple[LinePercent, ...]
    usd_rate: Fraction | None
    rate_source: str
    rate_at: datetime | None
    token_price_usd: Decimal | None
    price_source: str
    price_at: datetime | None
    bonus_percent: Decimal = Decimal(0)
    campaign_percent: Decimal = Decimal(0)
    bonus: Mapping[str, Any] | None = None

    @property
    def whole_percent(self) -> Fraction:
        """Return the exact percent with the bonus."""
        return self.percent + Fraction(self.bonus_percent)


@dataclass(frozen=True)
class RewardSize:
    """A sized reward: USD of 18 places, whole wei, and the percent rounded to six decimals."""

    usd_value: Decimal
    amount_wei: int
    reward_percent: Decimal


def rate_for(currency: str, uah_per_usd: Decimal) -> Fraction | None:
    """Return units of a currency per USD, or None when there is no rate; never a guess."""
    if currency in DOLLAR_CURRENCIES:
        return Fraction(1)
    return Fraction(uah_per_usd) if currency == "UAH" else None


def size_reward(
    total_minor: int,
    currency: str,
    percent: Fraction,
    usd_rate: Fraction | None,
    token_price_usd: Decimal,
) -> RewardSize:
    """Return the size of a reward from an order total in minor units.

    USD = total / rate x percent / 100, wei = floor(USD / token price x 10^18), from the exact
    fractions and floored once; `usd_value` is cut, never rounded up, to 18 places. Raise
    AmountZero, RateMissing, RewardTooLarge or TokenPriceInvalid.
    """
    share = Fraction(total_minor, 10 ** minor_digits(currency)) * percent / 100
    if share <= 0:
        raise AmountZero(field="amount")
    usd = share / _known_rate(usd_rate, currency)
    amount_wei = usd * WEI_PER_TOKEN // _known_price(token_price_usd)
    if amount_wei < 1:
        raise AmountZero(field="amount")
    if amount_wei > MAX_REWARD_WEI or usd >= MAX_USD:
        raise RewardTooLarge(field="amount")
    return RewardSize(_cut_usd(usd), int(amount_wei), stored_percent(percent))


def campaign_part(usd_value: Decimal, inputs: RewardInputs) -> Decimal | None:
    """Return the part of a reward's value in USD that a campaign pays, None without one; never above the value."""
    if inputs.campaign_percent == 0:
        return None
    return _cut_usd(Fraction(usd_value) * Fraction(inputs.campaign_percent) / inputs.whole_percent)


def refund_target(granted_wei: int, total_minor: int, refunded_minor: int) -> int:
    """Return what a refund leaves of a reward, in wei, floored from the original size.

    A partial refund leaves at least one wei: it reduces, it never rejects.
    """
    if refunded_minor >= total_minor:
        return 0
    return max(1, granted_wei * (total_minor - refunded_minor) // total_minor)


def stored_percent(percent: Fraction) -> Decimal:
    """Return a percent as it is stored: six decimals, half-up."""
    return fraction_to_decimal(percent, PERCENT_PLACES)


def whole_percent(reward: HasPercents) -> Decimal:
    """Return the percent of a reward with its bonus."""
    return reward.reward_percent + reward.bonus_percent


def remaining_usd_value(reward: HasAmounts) -> Decimal | None:
    """Return the USD value of what refunds left of a reward, with six decimals; None of one without a size."""
    if reward.usd_value is None:
        return None
    left = Fraction(1)
    if reward.granted_wei and reward.reward_amount_wei is not None:
        left = Fraction(reward.reward_amount_wei + reward.netted_wei) / Fraction(reward.granted_wei)
    return fraction_to_decimal(Fraction(reward.usd_value) * left, USD_SHOWN_PLACES)


def inputs_as_json(inputs: RewardInputs) -> dict[str, object]:
    """Return the inputs as the JSON stored in `referral_rewards.sizing`.

    `percentExact` and `usdRate` are exact fractions such as "16/3"; times are ISO 8601. `percent` is without the bonus.
    """
    bonus = {"bonus": dict(inputs.bonus)} if inputs.bonus else {}
    return {
        **bonus,
        "totalMinor": str(inputs.total_minor),
        "currency": inputs.currency,
        "percent": decimal_text(inputs.percent, PERCENT_PLACES),
        "percentExact": str(inputs.percent),
        "lines": [_line_as_json(line) for line in inputs.lines],
        "usdRate": None if inputs.usd_rate is None else str(inputs.usd_rate),
        "rateSource": inputs.rate_source,
        "rateAt": _iso(inputs.rate_at),
        "tokenPriceUsd": None if inputs.token_price_usd is None else f"{inputs.token_price_usd:f}",
        "priceSource": inputs.price_source,
        "priceAt": _iso(inputs.price_at),
    }


def _known_rate(usd_rate: Fraction | None, currency: str) -> Fraction:
    if usd_rate is None or usd_rate <= 0:
        raise RateMissing(currency)
    return usd_rate


def _known_price(token_price_usd: Decimal) -> Fraction:
    if not token_price_usd.is_finite() or token_price_usd <= 0:
        raise TokenPriceInvalid(field="token_price_usd")
    return Fraction(token_price_usd)


def _cut_usd(usd: Fraction) -> Decimal:
    # From text, because arithmetic of decimals would round to the context's 28 digits.
    return Decimal(f"{usd * 10**USD_PLACES // 1}E-{USD_PLACES}")


def _line_as_json(line: LinePercent) -> dict[str, object]:
    return {
        "productId": line.product_id,
        "subtotalMinor": str(line.subtotal_minor),
        "percent": decimal_text(line.percent, PERCENT_PLACES),
        "source": line.source,
    }


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()
