"""Read visit totals and windows; at most 56 buckets per code, so the cost is the same at any volume."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from models import Refcode, VisitDaily
from portal.db import Keyset, query, within
from portal.lib.clock import utc_today
from portal.visits.rules import KEPT_DAYS, VisitWindows, oldest_compared_day, previous_windows, visit_windows

_TOTALS = "SELECT code, NULL::date, visits_total FROM refcodes WHERE code = ANY(%(codes)s) UNION ALL "
# A day that is being moved is in one of the two tables: a statement sees it once.
_BUCKETS = """
SELECT code, day, visits FROM visit_daily WHERE code = ANY(%(codes)s) AND day >= %(oldest)s
UNION ALL SELECT code, day, visits FROM visit_past WHERE code = ANY(%(codes)s) AND day >= %(oldest)s
"""
_VISITS = _TOTALS + _BUCKETS
_PLATFORM = "SELECT day, sum(visits)::bigint FROM platform_visits GROUP BY day"


@dataclass(frozen=True)
class VisitStats:
    """Arrivals of all time, the windows ending today (UTC), the 28 daily counts oldest first, and the previous
    windows: yesterday, and the 7 and 28 days before the present ones.
    """

    total: int
    today: int
    last7d: int
    last28d: int
    daily: tuple[tuple[date, int], ...]
    previous: VisitWindows


def stats_by_code(codes: Sequence[str]) -> dict[str, VisitStats]:
    """Return the visit statistics of each known code."""
    totals: dict[str, int] = {}
    buckets: dict[str, dict[date, int]] = {code: {} for code in codes}
    oldest = oldest_compared_day(utc_today())
    for code, day, visits in query(_VISITS, {"codes": list(codes), "oldest": oldest}):
        if day is None:
            totals[code] = visits
        else:
            buckets[code][day] = buckets[code].get(day, 0) + visits
    return {code: _stats(total, buckets[code]) for code, total in totals.items()}


def platform_stats() -> VisitStats:
    """Return the visit statistics of all codes together; the cost is constant in visits and codes."""
    days = dict(query(_PLATFORM))
    return _stats(sum(days.values()), days)


def list_visit_ledger(since: date | None, until: date | None) -> Keyset[VisitDaily]:
    """Return the stored daily buckets (UTC days) from `since` on and before `until`, by code and day.

    Each row carries the `owner_user_id` of its code.
    """
    rows = VisitDaily.select(VisitDaily, Refcode.owner.alias("owner_user_id")).join(
        Refcode, on=(Refcode.code == VisitDaily.code)
    )
    rows = within(rows, VisitDaily.day, since, until)
    return Keyset(rows.objects(), VisitDaily.code, VisitDaily.day, ascending=True)


def _stats(total: int, buckets: Mapping[date, int]) -> VisitStats:
    today = utc_today()
    windows = visit_windows(buckets, today)
    days = [today - timedelta(days=back) for back in reversed(range(KEPT_DAYS))]
    daily = tuple((day, buckets.get(day, 0)) for day in days)
    previous = previous_windows(buckets, today)
    return VisitStats(total, windows.today, windows.last7d, windows.last28d, daily, previous)
