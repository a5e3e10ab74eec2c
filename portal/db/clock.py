"""The clock that all processes share; that of a machine may be wrong by hours."""

from __future__ import annotations

from datetime import datetime

from portal.db.connection import query


def database_now() -> datetime:
    """Return the database's time: it decides what is due, too old, or in force from now on."""
    now: datetime = query("SELECT clock_timestamp()")[0][0]
    return now
