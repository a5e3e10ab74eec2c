"""When a settlement is due. See docs/rules/settlements.md."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.commissions.schedule import FrequencyUnknown, HoldDaysInvalid, payout_time

KYIV = ZoneInfo("Europe/Kyiv")
ZONES = [
    KYIV,
    ZoneInfo("UTC"),
    ZoneInfo("America/Havana"),
    ZoneInfo("Africa/Cairo"),
    ZoneInfo("Asia/Kathmandu"),
]

moments = st.datetimes(min_value=datetime(2020, 1, 1), max_value=datetime(2035, 1, 1), timezones=st.just(UTC))
frequencies = st.sampled_from(["INSTANT", "DAILY", "WEEKLY", "MONTHLY"])


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


@pytest.mark.parametrize(
    ("paid", "hold", "frequency", "due"),
    [
        # Summer in Kyiv is +03:00, winter +02:00. 2026-09-14 is a Monday.
        ("2026-09-09T10:30:00+03:00", 0, "INSTANT", "2026-09-09T10:30:00+03:00"),
        ("2026-09-09T10:30:00+03:00", 3, "INSTANT", "2026-09-12T10:30:00+03:00"),
        ("2026-09-09T10:30:00+03:00", 0, "DAILY", "2026-09-10T00:00:00+03:00"),
        ("2026-09-09T10:30:00+03:00", 3, "DAILY", "2026-09-13T00:00:00+03:00"),
        ("2026-09-09T10:30:00+03:00", 3, "WEEKLY", "2026-09-14T00:00:00+03:00"),
        ("2026-09-11T10:30:00+03:00", 3, "WEEKLY", "2026-09-21T00:00:00+03:00"),
        ("2026-09-09T10:30:00+03:00", 3, "MONTHLY", "2026-10-01T00:00:00+03:00"),
        ("2026-12-30T10:30:00+02:00", 3, "MONTHLY", "2027-02-01T00:00:00+02:00"),
        ("2026-12-15T10:30:00+02:00", 3, "MONTHLY", "2027-01-01T00:00:00+02:00"),
        # Days are counted in Kyiv: 22:30 UTC on Sunday is already Monday there.
        ("2026-09-13T22:30:00+00:00", 0, "WEEKLY", "2026-09-21T00:00:00+03:00"),
        ("2026-09-13T20:30:00+00:00", 0, "WEEKLY", "2026-09-14T00:00:00+03:00"),
        # A time exactly on a boundary is due at the next boundary.
        ("2026-09-14T00:00:00+03:00", 0, "DAILY", "2026-09-15T00:00:00+03:00"),
        ("2026-09-14T00:00:00+03:00", 0, "WEEKLY", "2026-09-21T00:00:00+03:00"),
        ("2026-09-11T00:00:00+03:00", 3, "WEEKLY", "2026-09-21T00:00:00+03:00"),
        ("2026-09-01T00:00:00+03:00", 0, "MONTHLY", "2026-10-01T00:00:00+03:00"),
        # Clocks go back on 2026-10-25 and forward on 2027-03-28; a hold day is 24 hours.
        ("2026-10-24T12:00:00+03:00", 0, "WEEKLY", "2026-10-26T00:00:00+02:00"),
        ("2026-10-24T12:00:00+03:00", 1, "INSTANT", "2026-10-25T11:00:00+02:00"),
        ("2026-10-24T23:30:00+03:00", 0, "DAILY", "2026-10-25T00:00:00+03:00"),
        ("2026-10-25T10:00:00+02:00", 0, "DAILY", "2026-10-26T00:00:00+02:00"),
        ("2027-03-27T12:00:00+02:00", 0, "WEEKLY", "2027-03-29T00:00:00+03:00"),
        ("2027-03-20T12:00:00+02:00", 0, "MONTHLY", "2027-04-01T00:00:00+03:00"),
    ],
)
def test_due_times_in_kyiv(paid: str, hold: int, frequency: str, due: str) -> None:
    due_time = payout_time(at(paid), hold, frequency, KYIV)
    assert due_time == at(due)
    assert due_time.utcoffset() == timedelta(0)


def test_skipped_midnight_is_the_first_moment_of_the_day() -> None:
    # Cairo's clocks jump from 00:00 to 01:00 on 2026-04-24.
    due = payout_time(at("2026-04-23T12:00:00+02:00"), 0, "DAILY", ZoneInfo("Africa/Cairo"))
    assert due == at("2026-04-24T01:00:00+03:00")


def test_first_of_two_midnights_counts() -> None:
    # Havana's clocks go back from 01:00 to 00:00 on 2026-11-01.
    due = payout_time(at("2026-10-31T12:00:00-04:00"), 0, "DAILY", ZoneInfo("America/Havana"))
    assert due == at("2026-11-01T00:00:00-04:00")


@given(moments, st.integers(0, 365), frequencies, st.sampled_from(ZONES))
def test_due_time_is_not_before_the_hold_ends(
    paid: datetime, hold: int, frequency: str, zone: ZoneInfo
) -> None:
    due = payout_time(paid, hold, frequency, zone)
    released = paid + timedelta(days=hold)
    assert due == released if frequency == "INSTANT" else due > released


@given(moments, st.integers(0, 60), st.sampled_from(["DAILY", "WEEKLY", "MONTHLY"]))
def test_due_time_is_the_next_boundary_in_kyiv(paid: datetime, hold: int, frequency: str) -> None:
    due = payout_time(paid, hold, frequency, KYIV)
    local = due.astimezone(KYIV)
    assert (local.hour, local.minute, local.second, local.microsecond) == (0, 0, 0, 0)
    assert frequency != "WEEKLY" or local.weekday() == 0
    assert frequency != "MONTHLY" or local.day == 1
    longest = {"DAILY": 1, "WEEKLY": 7, "MONTHLY": 31}[frequency]
    assert due - paid <= timedelta(days=hold + longest, hours=1)


@given(moments, moments, st.integers(0, 30), frequencies, st.sampled_from(ZONES))
def test_later_payment_is_not_due_earlier(
    one: datetime, other: datetime, hold: int, frequency: str, zone: ZoneInfo
) -> None:
    first, second = sorted((one, other))
    assert payout_time(first, hold, frequency, zone) <= payout_time(second, hold, frequency, zone)


@given(moments, st.integers(0, 30), frequencies, st.integers(-12, 14))
def test_offset_of_the_payment_time_does_not_matter(
    paid: datetime, hold: int, frequency: str, hours: int
) -> None:
    elsewhere = paid.astimezone(timezone(timedelta(hours=hours)))
    assert payout_time(paid, hold, frequency, KYIV) == payout_time(elsewhere, hold, frequency, KYIV)


@pytest.mark.parametrize("frequency", ["", "weekly", "YEARLY"])
def test_unknown_frequency_is_refused(frequency: str) -> None:
    with pytest.raises(FrequencyUnknown) as caught:
        payout_time(datetime(2026, 9, 9, tzinfo=UTC), 0, frequency, KYIV)
    assert caught.value.field == "payout_frequency"


def test_negative_hold_is_refused() -> None:
    with pytest.raises(HoldDaysInvalid):
        payout_time(datetime(2026, 9, 9, tzinfo=UTC), -1, "DAILY", KYIV)


def test_naive_time_is_refused() -> None:
    with pytest.raises(ValueError, match="aware"):
        payout_time(datetime(2026, 9, 9), 0, "DAILY", KYIV)
