"""Count arrivals by shared writes, and remove old buckets. See docs/rules/visits.md."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping
from datetime import date
from typing import Any

from portal.db import query, transaction
from portal.db.own_connection import OwnConnection
from portal.lib.clock import utc_today
from portal.visits.group_commit import GroupCommit
from portal.visits.rules import BEFORE, oldest_compared_day, oldest_kept_day

# Codes are locked in order, so two writers cannot deadlock; the lock of a code covers its bucket and its labels; the
# platform's row comes last. A code that is unknown or inactive is not returned.
_COUNT = """
WITH arrived AS (
    SELECT r.code, a.visits FROM unnest($1, $2) AS a (code, visits) JOIN refcodes r USING (code)
    WHERE r.active ORDER BY r.code FOR NO KEY UPDATE OF r
), counted AS (
    UPDATE refcodes r SET visits_total = r.visits_total + a.visits, last_visit_at = now()
    FROM arrived a WHERE r.code = a.code RETURNING r.code, a.visits
), bucket AS (
    INSERT INTO visit_daily (code, day, visits)
    SELECT code, (now() AT TIME ZONE 'UTC')::date, visits FROM counted
    ON CONFLICT (code, day) DO UPDATE SET visits = visit_daily.visits + excluded.visits
), platform AS (
    INSERT INTO platform_visits (day, shard, visits)
    SELECT (now() AT TIME ZONE 'UTC')::date, pg_backend_pid() % 16, sum(visits) FROM counted HAVING count(*) > 0
    ON CONFLICT (day, shard) DO UPDATE SET visits = platform_visits.visits + excluded.visits
), labelled AS (
    SELECT count_label(code, a.label, a.visits) AS has_label
    FROM unnest($3, $4, $5) AS a (code, label, visits) JOIN counted USING (code)
)
SELECT code, (SELECT count(*) FILTER (WHERE has_label) FROM labelled) FROM counted
"""
_connection = OwnConnection("count_visits", _COUNT, "text[], bigint[], text[], text[], bigint[]")

_ADD_TOTAL = "UPDATE refcodes SET visits_total = visits_total + %s WHERE code = %s"
_ADD_BUCKETS = """
INSERT INTO visit_daily (code, day, visits)
SELECT %s, a.day, a.visits FROM unnest(%s::date[], %s::bigint[]) AS a (day, visits)
ON CONFLICT (code, day) DO UPDATE SET visits = visit_daily.visits + excluded.visits
"""
_ADD_PLATFORM = """
INSERT INTO platform_visits (day, shard, visits)
SELECT a.day, 0, a.visits FROM unnest(%s::date[], %s::bigint[]) AS a (day, visits) ORDER BY a.day
ON CONFLICT (day, shard) DO UPDATE SET visits = platform_visits.visits + excluded.visits
"""
_OLD_DAYS = "SELECT DISTINCT day FROM visit_daily WHERE day < %s ORDER BY day"
_MOVE = """
WITH moved AS (DELETE FROM visit_daily WHERE day = %s RETURNING code, day, visits)
INSERT INTO visit_past (code, day, visits) SELECT code, day, visits FROM moved
ON CONFLICT (code, day) DO UPDATE SET visits = visit_past.visits + excluded.visits
RETURNING 1
"""
_FORGET = "DELETE FROM visit_past WHERE day < %s"
# Past days need no shards, and days that no comparison reads are merged into one row.
_FOLD = """
WITH folded AS (
    DELETE FROM platform_visits
    WHERE day < %(today)s AND shard > 0 OR day < %(oldest)s AND day > %(before)s RETURNING day, visits
)
INSERT INTO platform_visits (day, shard, visits)
SELECT CASE WHEN day < %(oldest)s THEN %(before)s ELSE day END, 0, sum(visits) FROM folded GROUP BY 1
ON CONFLICT (day, shard) DO UPDATE SET visits = platform_visits.visits + excluded.visits
"""


# A code and a label, "" without one.
_Arrival = tuple[str, str]


def _write(counts: Mapping[_Arrival, int]) -> Collection[_Arrival]:
    known = {row[0] for row in _connection.run(_arguments(counts))}
    return {arrival for arrival in counts if arrival[0] in known}


def _arguments(counts: Mapping[_Arrival, int]) -> list[list[Any]]:
    """Return the arrays of the statement: codes with their visits, then those with a label once more."""
    codes: Counter[str] = Counter()
    for (code, _label), visits in counts.items():
        codes[code] += visits
    labelled = [(code, label) for code, label in counts if label]
    return [
        list(codes),
        list(codes.values()),
        [code for code, _ in labelled],
        [label for _, label in labelled],
        [counts[each] for each in labelled],
    ]


_arrivals = GroupCommit(_write)


def count_visit(code: str, label: str = "") -> bool:
    """Add one arrival to an active code and return whether there is such a code; the count is then durable.

    Adds to the total, to the code's bucket of the UTC day, to the platform's and to the well-formed label of the link,
    in one statement shared with requests that arrive meanwhile. Raises DatabaseAway.
    """
    return _arrivals.add((code, label))


def add_history(code: str, total: int, buckets: Mapping[date, int]) -> None:
    """Add visits counted elsewhere to a code: its all-time total and the part known by UTC day.

    `total` is at least the sum of the buckets; days older than the stored buckets go into the total only.
    """
    oldest = oldest_kept_day(utc_today())
    recent = {day: visits for day, visits in buckets.items() if day >= oldest}
    days = {**recent, BEFORE: total - sum(recent.values())}
    with transaction():
        query(_ADD_TOTAL, [total, code])
        query(_ADD_BUCKETS, [code, list(recent), list(recent.values())])
        query(_ADD_PLATFORM, [list(days), list(days.values())])


def prune_visits(on_day: Callable[[date, int], object] = lambda day, buckets: None) -> int:
    """Move buckets older than 28 days out of `visit_daily` and return how many; totals never shrink.

    They stay in `visit_past` as long as a comparison needs them. `on_day` is called with each finished day and its
    number of buckets; an interrupted run has finished whole days.
    """
    today = utc_today()
    oldest = oldest_kept_day(today)
    pruned = 0
    for (day,) in query(_OLD_DAYS, [oldest]):
        buckets = len(query(_MOVE, [day]))
        pruned += buckets
        on_day(day, buckets)
    query(_FORGET, [oldest_compared_day(today)])
    query(_FOLD, {"today": today, "oldest": oldest_compared_day(today), "before": BEFORE})
    return pruned
