"""What the programme in force offers one referrer. See docs/rules/programme.md."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from decimal import Decimal

from portal.flows.programme.referrals import count_referrals
from portal.lib.clock import utc_now
from portal.programme import (
    Campaign,
    ProgrammeRules,
    ReferrerBonus,
    get_percent_policy,
    get_programme_at,
    resolve_referral_commission_percent,
)
from portal.settings import Settings


@dataclass(frozen=True)
class Offer:
    """The percent without a product's own, the rules, and what applies to this referrer now.

    `referrals` is counted up to the highest level; `campaigns` are those of one of the referrer's codes.
    """

    percent: Decimal
    max_percent: Decimal
    rules: ProgrammeRules
    referrals: int
    bonus: ReferrerBonus | None
    campaigns: tuple[Campaign, ...]


def find_offer(user_id: int, codes: Collection[str], settings: Settings) -> Offer | None:
    """Return what a referrer with these codes earns now, None while no version is in force."""
    now, policy = utc_now(), get_percent_policy(settings)
    try:
        programme = get_programme_at(now, user_id)
    except LookupError:
        return None
    return Offer(
        percent=resolve_referral_commission_percent(None, None, policy).percent,
        max_percent=policy.max_percent,
        rules=programme.rules,
        referrals=count_referrals(user_id, now, programme),
        bonus=programme.referrer_bonus,
        campaigns=tuple(
            each for each in programme.campaigns if not each.codes or not each.codes.isdisjoint(codes)
        ),
    )
