"""Count what was sold, earned and minted on each day, so that pages read few rows. See docs/rules/figures.md."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

from portal.db import query
from portal.figures import IN_WEI, Figure, list_counted_days, prune_figures, save_day
from portal.lib.clock import utc_now
from portal.rewards import STATUSES

# Two whole months: the longest window that a page shows, and the present month.
KEPT_DAYS = 62
# Today and yesterday change with each order; a late payment or an import may change an earlier day.
FRESH_DAYS = 2
RECOUNT = timedelta(hours=1)

_SALES = """
SELECT store_id, currency, count(*), sum(paid_minor) FROM orders
WHERE paid_at >= %(start)s AND paid_at < %(end)s GROUP BY 1, 2
"""
# One scan of the index of each status: no index has the rewards of all.
_EARNED = " UNION ALL ".join(
    "SELECT reward_amount_wei AS wei FROM referral_rewards"  # noqa: S608 - constants
    f" WHERE status = '{status}' AND created_at >= %(start)s AND created_at < %(end)s"
    for status in STATUSES
)
_REWARDS = f"SELECT count(*), coalesce(sum(wei), 0) FROM ({_EARNED}) AS earned HAVING count(*) > 0"  # noqa: S608
_MINTED = """
SELECT count(*), sum(CASE WHEN credit_account = 'tokens_minted' THEN amount ELSE -amount END) FROM journal_transfers
WHERE (credit_account = 'tokens_minted' OR debit_account = 'tokens_minted')
    AND created_at >= %(start)s AND created_at < %(end)s
HAVING count(*) > 0
"""


def count_days(now: datetime | None = None) -> int:
    """Count the days that may have changed and return how many were counted.

    Today and yesterday are always counted, an earlier day once an hour.
    """
    moment = now or utc_now()
    today = moment.astimezone(UTC).date()
    first = today - timedelta(days=KEPT_DAYS - 1)
    recent = list_counted_days(first, moment - RECOUNT)
    days = [first + timedelta(days=offset) for offset in range(KEPT_DAYS)]
    stale = [day for day in reversed(days) if (today - day).days < FRESH_DAYS or day not in recent]
    for day in stale:
        save_day(day, _figures(day))
    prune_figures(first)
    return len(stale)


def _figures(day: date) -> list[Figure]:
    start = datetime.combine(day, time(), UTC)
    span = {"start": start, "end": start + timedelta(days=1)}
    sales = [Figure(day, "sales", *row) for row in query(_SALES, span)]
    rewards = [Figure(day, "rewards", 0, IN_WEI, *row) for row in query(_REWARDS, span)]
    minted = [Figure(day, "minted", 0, IN_WEI, *row) for row in query(_MINTED, span)]
    return sales + rewards + minted
