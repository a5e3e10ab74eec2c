"""Time as aware UTC datetimes; rules receive the moment, they never ask for it."""

from __future__ import annotations

from datetime import UTC, date, datetime


def utc_now() -> datetime:
    """Return the current moment in UTC."""
    return datetime.now(UTC)


def utc_today() -> date:
    """Return the current day in UTC, the day of visit buckets (SPEC section 2)."""
    return utc_now().date()


def epoch_milliseconds(moment: datetime) -> int:
    """Return a moment as whole milliseconds since 1970."""
    return int(moment.timestamp()) * 1000 + moment.microsecond // 1000
