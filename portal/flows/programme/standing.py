"""The bonuses that the programme gives several referrers now. See docs/rules/programme.md."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from decimal import Decimal

from portal.flows.programme.referrals import count_referrals_of
from portal.lib.clock import utc_now
from portal.programme import ProgrammeRules, find_version_at, level_reached, list_referrer_bonuses_at


@dataclass(frozen=True)
class Standing:
    """Percent points of a referrer's level and personal bonus, 0 without one, and the referrals of the level."""

    level_percent: Decimal = Decimal(0)
    level_referrals: int = 0
    personal_percent: Decimal = Decimal(0)


def list_standings(user_ids: Collection[int]) -> dict[int, Standing]:
    """Return where each referrer stands now, in a fixed number of statements."""
    now = utc_now()
    version, bonuses = find_version_at(now), list_referrer_bonuses_at(now, user_ids)
    levels = ProgrammeRules.model_validate(version.rules).levels if version else ()
    counts = count_referrals_of(user_ids, now, levels)
    standings = {}
    for user_id in user_ids:
        level = level_reached(levels, counts.get(user_id, 0))
        bonus = bonuses.get(user_id)
        standings[user_id] = Standing(
            level.percent if level else Decimal(0),
            level.referrals if level else 0,
            bonus.percent if bonus else Decimal(0),
        )
    return standings
