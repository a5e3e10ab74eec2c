"""Preview what other rules would have given for the last orders, by the decision that rewards are made with.

See docs/rules/programme.md.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

from models import ReferralReward
from models import ReferrerBonus as ReferrerBonusRow
from portal.db import query
from portal.lib.errors import PortalError
from portal.programme import (
    Campaign,
    PaidSale,
    Programme,
    ProgrammeRules,
    ReferralLine,
    ReferrerBonus,
    decide_reward,
    get_percent_policy,
    list_campaigns_since,
)
from portal.rewards import size_reward
from portal.settings import Settings

PREVIEWED = 100

# Newest first by id, which the primary key covers, and no further than the last thousand: they may be of memberships.
# Imported rewards were sized by another system.
_LAST = """
SELECT r.id, p.paid_at, coalesce(o.store_id, 1), (
    SELECT count(*) FROM (
        SELECT 1 FROM referral_rewards e JOIN payment_transactions q ON q.order_reference = e.order_reference
        WHERE e.referrer_user_id = r.referrer_user_id AND e.status <> 'rejected' AND q.status = 'paid'
            AND q.paid_at < p.paid_at
        LIMIT %(most)s
    ) AS earlier)
FROM (SELECT * FROM referral_rewards ORDER BY id DESC LIMIT 1000) AS r
JOIN orders o ON o.id = r.order_id
JOIN payment_transactions p ON p.order_reference = r.order_reference
WHERE r.reward_amount_wei IS NOT NULL AND r.programme_version_id IS NOT NULL
ORDER BY r.id DESC LIMIT %(limit)s
"""


@dataclass(frozen=True)
class Preview:
    """How many orders were looked at, how many would have earned another amount, and the differences in all."""

    orders: int
    changed: int
    difference_wei: int
    difference_usd: Decimal


@dataclass(frozen=True)
class _Order:
    reward: ReferralReward
    paid_at: datetime
    store_id: int
    referrals: int


def preview_rules(rules: ProgrammeRules, settings: Settings, *, campaign: Campaign | None = None) -> Preview:
    """Return what rules would have changed for the last 100 orders with a reward.

    `campaign` is one more campaign, as if it had run all the time for its codes and stores.
    """
    orders = _last_orders(rules)
    since = min((order.paid_at for order in orders), default=None)
    campaigns = list_campaigns_since(since) if since else ()
    bonuses = _bonuses([order.reward.referrer_user_id for order in orders])
    differences = []
    for order in orders:
        extra = (_running_at(campaign, order.paid_at),) if campaign else ()
        own = _bonus_at(bonuses.get(order.reward.referrer_user_id, ()), order.paid_at)
        programme = Programme(0, rules, campaigns=(*campaigns, *extra), referrer_bonus=own)
        differences.append(_difference(order, programme, settings))
    return Preview(
        orders=len(orders),
        changed=sum(1 for wei, _usd in differences if wei),
        difference_wei=sum(wei for wei, _usd in differences),
        difference_usd=sum((usd for _wei, usd in differences), Decimal(0)),
    )


def _last_orders(rules: ProgrammeRules) -> list[_Order]:
    most = rules.levels[-1].referrals if rules.levels else 0
    rows = query(_LAST, {"most": most, "limit": PREVIEWED})
    rewards = {
        row.id: row for row in ReferralReward.select().where(ReferralReward.id.in_([row[0] for row in rows]))
    }
    return [_Order(rewards[row[0]], row[1], row[2], row[3]) for row in rows]


def _bonuses(referrer_ids: Sequence[int]) -> Mapping[int, Sequence[ReferrerBonusRow]]:
    rows = ReferrerBonusRow.select().where(ReferrerBonusRow.referrer_user_id.in_(list(set(referrer_ids))))
    bonuses: dict[int, list[ReferrerBonusRow]] = {}
    for row in rows:
        bonuses.setdefault(row.referrer_user_id, []).append(row)
    return bonuses


def _bonus_at(rows: Sequence[ReferrerBonusRow], moment: datetime) -> ReferrerBonus | None:
    for row in rows:
        if row.starts_at <= moment and (row.ends_at is None or row.ends_at > moment):
            return ReferrerBonus(row.id, row.percent, row.created_by)
    return None


def _running_at(campaign: Campaign, moment: datetime) -> Campaign:
    return replace(campaign, starts_at=moment, ends_at=datetime.max.replace(tzinfo=moment.tzinfo))


def _difference(order: _Order, programme: Programme, settings: Settings) -> tuple[int, Decimal]:
    """Return how much more a reward would have been, in wei and USD, at its own rate and price."""
    reward, sizing = order.reward, order.reward.sizing
    sale = PaidSale(
        order.paid_at,
        "crypto" if reward.rail == "crypto" else "fiat",
        tuple(_line(line) for line in sizing["lines"]),
        reward.ref_code,
        order.store_id,
        reward.referrer_user_id,
        order.referrals,
    )
    decision = decide_reward(sale, get_percent_policy(settings), programme)
    before = _size(reward, Fraction(sizing["percentExact"]) + Fraction(reward.bonus_percent))
    after = _size(reward, decision.percent + Fraction(decision.bonus.percent))
    return after[0] - before[0], after[1] - before[1]


def _line(line: Mapping[str, Any]) -> ReferralLine:
    return ReferralLine(
        line["productId"], 0, int(line["subtotalMinor"]), Decimal(line["percent"]), line["source"]
    )


def _size(reward: ReferralReward, percent: Fraction) -> tuple[int, Decimal]:
    rate, price = reward.sizing["usdRate"], Decimal(reward.sizing["tokenPriceUsd"])
    try:
        size = size_reward(reward.order_total_minor, reward.currency, percent, Fraction(rate), price)
    except PortalError:  # nothing to pay
        return 0, Decimal(0)
    return size.amount_wei, size.usd_value
