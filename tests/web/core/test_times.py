"""Times are written as Babel writes them, without its patterns being read for every row."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

import pytest
from babel.dates import format_date, format_datetime, format_timedelta
from flask import Flask
from flask_babel import force_locale

from portal.web.text.format import ago, moment, short_day

AGES = [
    0,
    1,
    50,
    51,
    52,
    89,
    90,
    3_059,
    3_060,
    5_400,
    73_439,
    73_440,
    129_600,
    514_079,
    514_080,
    2_203_200,
    26_806_000,
    9e8,
]


@pytest.mark.parametrize("language", ["en", "uk", "ru"])
def test_times_are_those_of_babel(app: Flask, language: str) -> None:
    with app.test_request_context(), force_locale(language):
        for age in (sign * seconds for seconds in AGES for sign in (1, -1)):
            now = datetime.now(UTC)
            shown, second = ago(now + timedelta(seconds=age, milliseconds=500)), math.floor(age)
            assert shown == format_timedelta(second, add_direction=True, locale=language), age
        for month in range(1, 13):
            day = datetime(2024, month, month, 3, 5, tzinfo=UTC)
            local = day.astimezone(app.extensions["portal"].settings.timezone)
            assert short_day(day.date()) == format_date(day, "d MMM", locale=language)
            assert moment(day).startswith(format_datetime(local, "d MMM y, HH:mm", locale=language) + " (")
