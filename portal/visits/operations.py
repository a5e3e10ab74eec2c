"""Count arrivals; one statement, so concurrent beacons on one code never lose a count."""

from __future__ import annotations

from portal.db import query

BUCKET_DAYS = 28

_COUNT = """
WITH hit AS (
    UPDATE refcodes SET visits_total = visits_total + 1, last_visit_at = now()
    WHERE code = %s AND active RETURNING code
)
INSERT INTO visit_daily (code, day, visits)
SELECT code, (now() AT TIME ZONE 'UTC')::date, 1 FROM hit
ON CONFLICT (code, day) DO UPDATE SET visits = visit_daily.visits + 1
RETURNING code
"""

_PRUNE = "DELETE FROM visit_daily WHERE day < (now() AT TIME ZONE 'UTC')::date - %s RETURNING code"


def count_visit(code: str) -> bool:
    """Add one arrival to an active code's total and to its bucket of the UTC day; return whether the code is known."""
    return bool(query(_COUNT, [code]))


def prune_visits() -> int:
    """Remove buckets older than 28 days and return how many; totals never shrink (SPEC section 2.2)."""
    return len(query(_PRUNE, [BUCKET_DAYS - 1]))
