"""Decide the bonus of a sale from level, campaign and referrer; pure and exact. See docs/rules/programme.md."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any, Literal

from portal.lib.money import decimal_text
from portal.programme.version_rules import Combine, LevelBonus, level_reached

BonusKind = Literal["level", "referrer", "campaign"]

_MILLIONTHS = 10**6


@dataclass(frozen=True)
class Campaign:
    """Percent points for sales from `starts_at` until `ends_at`; no codes or stores mean all of them."""

    id: int
    name: str
    percent: Decimal
    starts_at: datetime
    ends_at: datetime
    codes: frozenset[str] = frozenset()
    store_ids: frozenset[int] = frozenset()
    created_by: int | None = None


@dataclass(frozen=True)
class ReferrerBonus:
    """Percent points of one referrer, in force when a sale was paid."""

    id: int
    percent: Decimal
    created_by: int | None = None


@dataclass(frozen=True)
class BonusFacts:
    """What the bonus of a sale depends on: when, which code and store, how many referrals its referrer had before.

    `store_id` is None for a membership, which no store sold.
    """

    paid_at: datetime
    code: str | None = None
    store_id: int | None = None
    referrals: int = 0


@dataclass(frozen=True)
class BonusPart:
    """One kind of bonus in percent points; `number` is the referrals of a level, or the id of the other kinds."""

    kind: BonusKind
    percent: Decimal
    number: int
    name: str = ""
    created_by: int | None = None


@dataclass(frozen=True)
class Bonus:
    """Percent points that the platform adds to a reward, and what they came from.

    `offered` is their sum before the maximum of percent and bonus.
    """

    percent: Decimal
    parts: tuple[BonusPart, ...] = ()
    offered: Decimal = Decimal(0)

    @property
    def campaign(self) -> BonusPart | None:
        """Return the part that a campaign pays."""
        return next((part for part in self.parts if part.kind == "campaign"), None)

    @property
    def campaign_percent(self) -> Decimal:
        """Return the percent points that the campaign's budget pays for."""
        return min(self.campaign.percent, self.percent) if self.campaign else Decimal(0)


NO_BONUS = Bonus(Decimal(0))


def decide_bonus(
    facts: BonusFacts,
    levels: Iterable[LevelBonus],
    combine: Combine,
    campaigns: Iterable[Campaign],
    referrer_bonus: ReferrerBonus | None,
    room: Fraction,
) -> Bonus:
    """Return the bonus of a sale: the best part or the sum of all, at most `room` percent points.

    Of several campaigns only the best counts. Of equal parts the one that uses no budget is taken.
    """
    parts = [part for part in (_level(facts, levels), _own(referrer_bonus), _best(facts, campaigns)) if part]
    if combine == "best" and parts:
        parts = [max(parts, key=lambda part: part.percent)]
    offered = sum((part.percent for part in parts), Decimal(0))
    percent = min(offered, _cut(room))
    return Bonus(percent, tuple(parts), offered) if percent > 0 else NO_BONUS


def bonus_as_json(bonus: Bonus) -> dict[str, Any] | None:
    """Return the bonus as it is stored in `referral_rewards.sizing`, None where there is none."""
    if bonus.percent == 0:
        return None
    return {
        "percent": f"{bonus.percent:f}",
        "offered": f"{bonus.offered:f}",
        "campaignPercent": f"{bonus.campaign_percent:f}",
        "parts": [_part_as_json(part) for part in bonus.parts],
    }


def _part_as_json(part: BonusPart) -> dict[str, Any]:
    return {
        "kind": part.kind,
        "percent": f"{part.percent:f}",
        "number": part.number,
        "name": part.name,
        "createdBy": part.created_by,
    }


def _level(facts: BonusFacts, levels: Iterable[LevelBonus]) -> BonusPart | None:
    level = level_reached(levels, facts.referrals)
    return BonusPart("level", level.percent, level.referrals) if level else None


def _own(bonus: ReferrerBonus | None) -> BonusPart | None:
    return BonusPart("referrer", bonus.percent, bonus.id, created_by=bonus.created_by) if bonus else None


def _best(facts: BonusFacts, campaigns: Iterable[Campaign]) -> BonusPart | None:
    fitting = [campaign for campaign in campaigns if _fits(campaign, facts)]
    if not fitting:
        return None
    best = min(fitting, key=lambda campaign: (-campaign.percent, campaign.id))
    return BonusPart("campaign", best.percent, best.id, best.name, best.created_by)


def _fits(campaign: Campaign, facts: BonusFacts) -> bool:
    return (
        campaign.starts_at <= facts.paid_at < campaign.ends_at
        and (not campaign.codes or facts.code in campaign.codes)
        and (not campaign.store_ids or facts.store_id in campaign.store_ids)
    )


def _cut(room: Fraction) -> Decimal:
    """Return percent points cut to the six decimals of the column, so that the maximum is never exceeded."""
    return Decimal(decimal_text(Fraction(max(room, Fraction(0)) * _MILLIONTHS // 1, _MILLIONTHS), 6))
