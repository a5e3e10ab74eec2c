"""Size a reward from the order, the exchange rate and the token price. See docs/rules/rewards.md."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

from models import ReferralReward
from portal.chain import AnyChain, PriceUnavailable
from portal.chain.contract import oracle
from portal.lib.errors import PortalError
from portal.rewards import (
    LinePercent,
    RateReading,
    RewardInputs,
    Sized,
    campaign_part,
    inputs_as_json,
    read_rate,
    size_reward,
    stored_percent,
)
from portal.settings import Settings


@dataclass(frozen=True)
class PriceReading:
    """The token's USD price with its source and time, or the failure; `record` is the evidence of the source."""

    value: Decimal | None
    source: str
    at: datetime | None
    failure: PortalError | None = None
    record: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Market:
    """The token price and the exchange rate of one currency, read before anything is locked."""

    price: PriceReading
    rate: RateReading


# Free orders need neither price nor rate: no reward is sized.
NO_MARKET = Market(PriceReading(None, "unread", None), RateReading(None, "none", None))


def read_market(chain: AnyChain, settings: Settings, currency: str) -> Market:
    """Return the token price and a currency's rate; sources may be slow, so call it outside transactions."""
    return Market(read_price(chain, settings), read_rate(currency, settings))


def read_price(chain: AnyChain, settings: Settings) -> PriceReading:
    """Read the token price once; an unusable price is a reading with its failure."""
    try:
        price = oracle.read_price_quickly(settings, chain)
    except PriceUnavailable as error:
        return PriceReading(None, "unavailable", None, error)
    return PriceReading(price.value, price.source, price.at, record=_evidence(price))


def _evidence(price: oracle.Price) -> dict[str, str]:
    """Return the values of the price feed, so that the price can be verified later."""
    facts = {"feed": price.feed, "roundId": price.round_id, "raw": price.raw, "decimals": price.decimals}
    return {name: str(fact) for name, fact in facts.items() if fact is not None}


def size_reward_of(
    total_minor: int,
    currency: str,
    percent: Fraction,
    lines: Sequence[LinePercent],
    market: Market,
    *,
    percent_source: str | None,
    bonus: Mapping[str, Any] | None = None,
) -> Sized:
    """Return the size of a reward, or why it cannot be sized, with every input for a retry.

    `percent` is without the bonus, and `percent_source` its source, None if the lines differ; `bonus` is what
    `bonus_as_json` returns.
    See docs/rules/rewards.md.
    """
    price, rate = market.price, market.rate
    inputs = RewardInputs(
        total_minor=total_minor,
        currency=currency,
        percent=percent,
        lines=tuple(lines),
        usd_rate=rate.value,
        rate_source=rate.source,
        rate_at=rate.at,
        token_price_usd=price.value,
        price_source=price.source,
        price_at=price.at,
        bonus_percent=Decimal(bonus["percent"]) if bonus else Decimal(0),
        campaign_percent=Decimal(bonus["campaignPercent"]) if bonus else Decimal(0),
        bonus=bonus,
    )
    sizing = {
        **inputs_as_json(inputs),
        "percentSource": percent_source,
        "priceEvidence": dict(price.record),
        "rateDay": _iso_day(rate.day),
    }
    failed = Sized(stored_percent(percent), None, price.value, None, None, sizing)
    if price.failure is not None or price.value is None:
        return _failure(failed, price.failure or PriceUnavailable("no price"))
    try:
        size = size_reward(total_minor, currency, inputs.whole_percent, inputs.usd_rate, price.value)
    except PortalError as error:
        return _failure(failed, error)
    return replace(
        failed,
        usd_value=size.usd_value,
        amount_wei=size.amount_wei,
        campaign_usd=campaign_part(size.usd_value, inputs),
    )


def size_again(reward: ReferralReward, market: Market) -> Sized:
    """Size a failed reward again from its stored percent and bonus, at the current rate and price."""
    sizing = reward.sizing
    percent = Fraction(sizing["percentExact"])
    lines = [
        LinePercent(line["productId"], int(line["subtotalMinor"]), Decimal(line["percent"]), line["source"])
        for line in sizing["lines"]
    ]
    return size_reward_of(
        reward.order_total_minor,
        reward.currency,
        percent,
        lines,
        market,
        percent_source=sizing.get("percentSource"),
        bonus=sizing.get("bonus"),
    )


def _iso_day(day: date | None) -> str | None:
    return day.isoformat() if day else None


def _failure(sized: Sized, error: PortalError) -> Sized:
    params = {key: str(value) for key, value in error.params.items()}
    sizing = {**sized.sizing, "failure": {"code": error.code, "params": params}}
    return replace(sized, failure_reason=error.code, sizing=sizing)
