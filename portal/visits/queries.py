"""Read visit totals and windows; the buckets are few (28 a code), so this costs the same at any volume."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from models import Refcode, VisitDaily
from portal.db import Keyset, query, within
from portal.lib.clock import utc_today
from portal.visits.rules import KEPT_DAYS, visit_windows


@dataclass(frozen=True)
class VisitStats:
    """Arrivals of all time, the windows ending today (UTC), and the 28 daily counts, oldest first."""

    total: int
    today: int
    last7d: int
    last28d: int
    daily: tuple[tuple[date, int], ...]


def stats_by_code(codes: Sequence[str]) -> dict[str, VisitStats]:
    """Return the visit statistics of each known code."""
    totals = dict(query("SELECT code, visits_total FROM refcodes WHERE code = ANY(%s)", [list(codes)]))
    buckets: dict[str, dict[date, int]] = {code: {} for code in totals}
    for code, day, visits in query(
        "SELECT code, day, visits FROM visit_daily WHERE code = ANY(%s)", [list(totals)]
    ):
        buckets[code][day] = visits
    return {code: _stats(total, buckets[code]) for code, total in totals.items()}


def platform_stats() -> VisitStats:
    """Return the visit statistics of every code together."""
    total = query("SELECT coalesce(sum(visits_total), 0)::bigint FROM refcodes")[0][0]
    return _stats(total, dict(query("SELECT day, sum(visits)::bigint FROM visit_daily GROUP BY day")))


def list_visit_ledger(since: date | None, until: date | None) -> Keyset[VisitDaily]:
    """Return the kept daily buckets (UTC days) from `since` on and before `until`, by code and day.

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
    return VisitStats(total, windows.today, windows.last7d, windows.last28d, daily)
