"""Which release of the portal each session of the database belongs to, so that `db status` can ask for a restart."""

from __future__ import annotations

from portal.db.bounded_connection import bounded_connection
from portal.db.session_name import PREFIX, session_name

_SECONDS = 5.0
_OTHERS = """
SELECT application_name, count(*) FROM pg_stat_activity
WHERE datname = current_database() AND application_name LIKE %s AND application_name <> %s
GROUP BY application_name ORDER BY application_name
"""


def count_other_sessions(url: str) -> dict[str, int]:
    """Return how many open sessions belong to each other release, by its name; raise DatabaseAway.

    Only sessions of the same database role are seen, and those that do not set `application_name` in their URL.
    """
    with bounded_connection(url, _SECONDS) as connection:
        rows = connection.query(_OTHERS, f"{PREFIX} %", session_name())
    return {str(name).removeprefix(f"{PREFIX} "): int(count) for name, count in rows}
