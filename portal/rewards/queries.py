"""Read the reward ledger; long lists are keyset-paged by (created_at, id)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from peewee import fn

from models import ReferralReward, RewardDebit, RewardHintCount
from portal.db import Keyset, Page, query, within
from portal.lib.errors import PortalError
from portal.rewards.errors import RewardUnknown
from portal.rewards.status_rules import RewardStatus

QUEUE_PAGE = 50
STATUSES = tuple(status.value for status in RewardStatus)


class StatusUnknown(PortalError):
    code = "status_unknown"


@dataclass(frozen=True)
class RewardFilter:
    """Conditions of a reward list; None or "" means any. Times are aware, amounts are USD."""

    status: str = RewardStatus.PENDING_APPROVAL
    rail: str = ""
    code: str = ""
    wallet: str = ""
    reference: str = ""
    since: datetime | None = None
    until: datetime | None = None
    least_usd: Decimal | None = None
    has_hints: bool | None = None


def list_reward_queue(
    filters: RewardFilter | str = RewardStatus.PENDING_APPROVAL,
    cursor: str | None = None,
    limit: int = QUEUE_PAGE,
) -> Page[ReferralReward]:
    """Return the rewards of a status or filter, oldest first; raise StatusUnknown or CursorInvalid.

    The rows can only be read: tuples with the names of the columns take a third of the time of models.
    """
    rows = _matching(RewardFilter(filters) if isinstance(filters, str) else filters).namedtuples()
    oldest_first: Keyset[ReferralReward] = Keyset(
        rows, ReferralReward.created_at, ReferralReward.id, ascending=True
    )
    return oldest_first.page(cursor, limit)


def get_reward_of_referrer(reward_id: int, referrer_user_id: int) -> ReferralReward:
    """Return a referrer's own reward; raise RewardUnknown for any other."""
    own = (ReferralReward.id == reward_id) & (ReferralReward.referrer_user_id == referrer_user_id)
    reward = ReferralReward.get_or_none(own)
    if reward is None:
        raise RewardUnknown
    return reward


def list_queue_ledger(filters: RewardFilter) -> Keyset[ReferralReward]:
    """Return every reward that matches the queue's filter, oldest first; raise StatusUnknown.

    Each row has `debited_wei`: what is owed back for refunds, None for nothing.
    """
    rows = _matching(filters).select_extend(_debited())
    return Keyset(rows, ReferralReward.created_at, ReferralReward.id, ascending=True)


def list_reward_ledger(
    since: datetime | None, until: datetime | None, referrer_user_id: int | None = None
) -> Keyset[ReferralReward]:
    """Return every reward of a period in any status, newest first, of one referrer where given, with `debited_wei`."""
    rows = within(ReferralReward.select(ReferralReward, _debited()), ReferralReward.created_at, since, until)
    if referrer_user_id is None:
        return Keyset(rows, ReferralReward.id)
    # The order of the index `referral_rewards_referrer`.
    mine = rows.where(ReferralReward.referrer_user_id == referrer_user_id)
    return Keyset(mine, ReferralReward.created_at, ReferralReward.id)


def list_debit_ledger(since: datetime | None, until: datetime | None) -> Keyset[RewardDebit]:
    """Return every debit of a period, newest first."""
    return Keyset(within(RewardDebit.select(), RewardDebit.created_at, since, until), RewardDebit.id)


def _debited() -> Any:
    owed = RewardDebit.select(fn.SUM(RewardDebit.amount_wei)).where(
        RewardDebit.reward_id == ReferralReward.id
    )
    return owed.alias("debited_wei")


def list_matching_ids(filters: RewardFilter, limit: int) -> list[int]:
    """Return the ids of at most `limit` matching rewards, oldest first."""
    rows = _matching(filters).order_by(ReferralReward.created_at, ReferralReward.id).limit(limit)
    return [row.id for row in rows]


def count_matching(filters: RewardFilter, at_most: int) -> int:
    """Count matching rewards up to `at_most`: counting millions would take longer than the page."""
    rows = _matching(filters).select(ReferralReward.id).limit(at_most)
    return int(rows.count(clear_limit=False))


def _matching(filters: RewardFilter) -> Any:
    if filters.status not in STATUSES:
        raise StatusUnknown(field="status", allowed=", ".join(STATUSES))
    rows = ReferralReward.select().where(ReferralReward.status == filters.status)
    exact = (
        (ReferralReward.rail, filters.rail),
        (ReferralReward.ref_code, filters.code),
        (ReferralReward.referrer_wallet, filters.wallet),
        (ReferralReward.order_reference, filters.reference),
    )
    for column, value in exact:
        if value:
            rows = rows.where(column == value)
    if filters.since:
        rows = rows.where(ReferralReward.created_at >= filters.since)
    if filters.until:
        rows = rows.where(ReferralReward.created_at < filters.until)
    if filters.least_usd is not None:
        rows = rows.where(ReferralReward.usd_value >= filters.least_usd)
    if filters.has_hints is not None:
        counted = RewardHintCount.select(RewardHintCount.reward_id)
        some = RewardHintCount.hints > 0 if filters.has_hints else RewardHintCount.hints == 0
        rows = rows.where(ReferralReward.id.in_(counted.where(some)))
    return rows


def list_rewards_of_referrer(
    user_id: int, cursor: str | None = None, limit: int = QUEUE_PAGE
) -> Page[ReferralReward]:
    """Return a referrer's rewards, newest first; raise CursorInvalid."""
    rows = ReferralReward.select().where(ReferralReward.referrer_user_id == user_id)
    newest_first: Keyset[ReferralReward] = Keyset(rows, ReferralReward.created_at, ReferralReward.id)
    return newest_first.page(cursor, limit)


def find_reward_by_reference(order_reference: str) -> ReferralReward | None:
    """Return the reward of a reference or None."""
    rows = ReferralReward.raw("SELECT * FROM referral_rewards WHERE order_reference = %s", order_reference)
    return next(iter(rows), None)


_TOTALS = """
SELECT status, sum(rewards)::bigint, sum(amount_wei) FROM (
    SELECT status, rewards, amount_wei FROM reward_totals WHERE referrer_user_id = %(user)s
    UNION ALL
    SELECT status, rewards, amount_wei FROM reward_total_deltas WHERE %(user)s IN (0, referrer_user_id)
) AS parts GROUP BY status
"""


def reward_totals(user_id: int | None = None) -> dict[str, tuple[int, int]]:
    """Return {status: (count, wei)} over all rewards, of one referrer where given; absent statuses are zero.

    The sum of the stored totals and the differences since: exact at any time, at a constant cost.
    """
    totals = {status: (count, int(wei)) for status, count, wei in query(_TOTALS, {"user": user_id or 0})}
    return {status: totals.get(status, (0, 0)) for status in STATUSES}


_EARNED = """
SELECT (created_at AT TIME ZONE 'UTC')::date, sum(reward_amount_wei) FROM referral_rewards
WHERE ref_code = %s AND created_at >= %s AND status NOT IN ('rejected', 'failed') AND reward_amount_wei IS NOT NULL
GROUP BY 1
"""


def earned_by_day(code: str, since: datetime) -> dict[date, int]:
    """Return the wei that a code has earned on each UTC day since a time, without rejected and failed rewards."""
    return {day: int(wei) for day, wei in query(_EARNED, [code, since])}
