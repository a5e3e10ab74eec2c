"""Decide when a settlement falls due; pure. See docs/rules/settlements.md."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from portal.lib.errors import PortalError


class FrequencyUnknown(PortalError):
    """The payout frequency is not INSTANT, DAILY, WEEKLY or MONTHLY."""

    code = "payout_frequency_unknown"


class HoldDaysInvalid(PortalError):
    """The hold is not a whole, allowed number of days."""

    code = "hold_days_invalid"


class PayoutFrequency(StrEnum):
    """How often a merchant is paid out."""

    INSTANT = "INSTANT"
    DAILY = "DAILY"
    WEEKLY = "WEEKLY"
    MONTHLY = "MONTHLY"


def payout_time(paid_at: datetime, hold_days: int, frequency: str, zone: ZoneInfo) -> datetime:
    """Return the UTC time at which a settlement falls due.

    The hold is `hold_days` times 24 hours. Then INSTANT is at once, DAILY the next midnight, WEEKLY
    the next Monday 00:00, MONTHLY the next 1st 00:00, all in `zone`. "Next" is strictly later: a hold
    that ends exactly at such a midnight waits for the following one. Where clocks skip midnight, the
    first moment of the day counts. Raise FrequencyUnknown, HoldDaysInvalid, or ValueError for a naive time.
    See docs/rules/settlements.md.
    """
    released = _released_at(paid_at, hold_days)
    kind = _frequency(frequency)
    if kind is PayoutFrequency.INSTANT:
        return released
    return _local_midnight(_next_day(released.astimezone(zone).date(), kind), zone)


def month_start(moment: datetime, zone: ZoneInfo) -> datetime:
    """Return the UTC time at which the month of a moment starts in `zone`."""
    return _local_midnight(moment.astimezone(zone).date().replace(day=1), zone)


def day_start(day: date, zone: ZoneInfo) -> datetime:
    """Return the UTC time at which a day starts in `zone`."""
    # In UTC the first day there is may start before the calendar does.
    return _local_midnight(max(day, date(1, 1, 2)), zone)


def _released_at(paid_at: datetime, hold_days: int) -> datetime:
    if paid_at.tzinfo is None:
        raise ValueError("paid_at must be timezone-aware")
    if hold_days < 0:
        raise HoldDaysInvalid(field="hold_days")
    return paid_at.astimezone(UTC) + timedelta(days=hold_days)


def _frequency(text: str) -> PayoutFrequency:
    try:
        return PayoutFrequency(text)
    except ValueError:
        raise FrequencyUnknown(field="payout_frequency") from None


def _next_day(today: date, kind: PayoutFrequency) -> date:
    if kind is PayoutFrequency.DAILY:
        return today + timedelta(days=1)
    if kind is PayoutFrequency.WEEKLY:
        return today + timedelta(days=7 - today.weekday())
    return date(today.year + today.month // 12, today.month % 12 + 1, 1)


def _local_midnight(day: date, zone: ZoneInfo) -> datetime:
    # fold=0 is the first of two midnights, and the moment of the jump when there is none.
    return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)
