"""Time as aware UTC datetimes. Rules take the current time as a parameter instead of reading it here."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

# The start of what has been in force from the beginning.
EPOCH = datetime.fromtimestamp(0, UTC)
# Times that people and programs may name. Other systems write none as a zero date, and the last hours of the calendar
# exist in some time zones only.
FIRST_YEAR, LAST_YEAR = 1990, 9998
EARLIEST, LATEST = datetime(FIRST_YEAR, 1, 1, tzinfo=UTC), datetime(LAST_YEAR + 1, 1, 1, tzinfo=UTC)


def utc_now() -> datetime:
    """Return the current time in UTC."""
    return datetime.now(UTC)


def utc_today() -> date:
    """Return the current date in UTC, by which visits are counted. See docs/rules/visits.md."""
    return utc_now().date()


def epoch_milliseconds(moment: datetime) -> int:
    """Return a time in whole milliseconds since 1970."""
    return (moment - EPOCH) // timedelta(milliseconds=1)
