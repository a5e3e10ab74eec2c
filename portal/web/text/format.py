"""Format numbers, money, tokens and times for the reader's language.

Money is rounded half-up before Babel sees it, since Babel rounds half-even.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal
from functools import lru_cache
from typing import Any, Literal
from zoneinfo import ZoneInfo

from babel import Locale
from babel.core import get_global
from babel.dates import format_datetime, format_timedelta, get_timezone_location
from babel.numbers import (
    format_compact_decimal,
    format_currency,
    format_decimal,
    format_percent,
    get_currency_symbol,
)

from portal.lib.money import minor_digits, to_major
from portal.runtime import current_portal
from portal.web.text.reader import reader_language

WEI = Decimal(10) ** 18
TOKEN_PLACES = 6
_SIX_PLACES = "#,##0.######"
# Rows of a page repeat prices and percents, and Babel reads its patterns again for each.
_remembered = lru_cache(maxsize=4096)
# In seconds, as Babel counts them; from 85% of a unit on it is used instead of the smaller one.
_Unit = Literal["year", "month", "week", "day", "hour", "minute", "second"]
_UNITS: dict[_Unit, int] = {
    "year": 31_536_000,
    "month": 2_592_000,
    "week": 604_800,
    "day": 86_400,
    "hour": 3_600,
    "minute": 60,
    "second": 1,
}
_NEXT_UNIT = 0.85
_KNOWN_CURRENCIES = {"UAH", "USD", "EUR", "PLN", "JPY"}


def money(minor: int, currency: str) -> str:
    """Return minor units as an amount with its currency."""
    return _money(minor, currency, reader_language())


@_remembered
def _money(minor: int, currency: str, language: str | None) -> str:
    amount = to_major(minor, currency)
    symbol = get_currency_symbol(currency, locale=language)
    if currency in _KNOWN_CURRENCIES and symbol != currency:
        return str(format_currency(amount, currency, locale=language))
    digits = minor_digits(currency)
    pattern = f"#,##0.{'0' * digits}" if digits else "#,##0"
    return f"{format_decimal(amount, pattern, locale=language)}\u00a0{currency}"


def tokens(wei: int | None) -> str:
    """Return token base units as tokens, cut to six decimals, without the symbol; an em dash for none."""
    return "—" if wei is None else _tokens(wei, reader_language())


@_remembered
def _tokens(wei: int, language: str | None) -> str:
    amount = (Decimal(wei) / WEI).quantize(Decimal(1).scaleb(-TOKEN_PLACES), rounding=ROUND_DOWN)
    return str(format_decimal(amount, _SIX_PLACES, locale=language))


def token_text(wei: int | None) -> str:
    """Return token base units as tokens with the brand's symbol."""
    return f"{tokens(wei)}\u00a0{current_portal().settings.brand_token_symbol}"


def gas_coin(wei: int) -> str:
    """Return wei of the network's native coin, cut to six decimals, without a symbol."""
    return tokens(wei)


def exact_tokens(wei: int) -> str:
    """Return token base units as a plain decimal string for programs and titles, never rounded."""
    # Built from text: a division rounds what exceeds the precision of the decimal context.
    text = f"{Decimal(f'{wei}E-18'):.18f}"
    return text.rstrip("0").rstrip(".")


def percent(value: Decimal | str) -> str:
    """Return a percent such as 5% or 4.25%, with at most six decimals."""
    return _percent(Decimal(value), reader_language())


@_remembered
def _percent(value: Decimal, language: str | None) -> str:
    rounded = value.quantize(Decimal("0.000001"), rounding=ROUND_HALF_UP)
    return str(format_percent(rounded / 100, "#,##0.######%", locale=language, decimal_quantization=False))


def number(value: int | Decimal) -> str:
    """Return a number with the language's separators."""
    return _number(value, reader_language())


def short_number(value: int) -> str:
    """Return a number for the axis of a plot: from a million on in words, such as 20M."""
    if value < 10**6:
        return number(value)
    return str(format_compact_decimal(value, locale=reader_language(), fraction_digits=1))


@_remembered
def _number(value: int | Decimal, language: str | None) -> str:
    return str(format_decimal(value, locale=language))


def usd(value: Decimal | None) -> str:
    """Return a USD amount rounded half-up to at most six decimals; an em dash for none."""
    return "—" if value is None else _usd(value, reader_language())


@_remembered
def _usd(value: Decimal, language: str | None) -> str:
    rounded = value.quantize(Decimal("0.000001"), rounding=ROUND_HALF_UP)
    shown = rounded.normalize() if rounded % Decimal("0.01") else rounded.quantize(Decimal("0.01"))
    return str(format_currency(shown, "USD", locale=language, decimal_quantization=False))


def moment(value: datetime) -> str:
    """Return a moment in the business time zone, with the city of the zone."""
    zone, language = current_portal().settings.timezone, reader_language() or "en"
    local = value.astimezone(zone)
    hour = f"{local.hour:02}:{local.minute:02}"
    return (
        f"{local.day} {_month(local.month, language)} {local.year:04}, {hour} ({_city(zone.key, language)})"
    )


def short_day(day: date) -> str:
    """Return a day without its year, such as "29 Nov"."""
    return f"{day.day} {_month(day.month, reader_language() or 'en')}"


@lru_cache
def _month(month: int, language: str) -> str:
    """Return the short name of a month beside a day: Babel reads its pattern again for every date."""
    first_day = format_datetime(datetime(2000, month, 1, tzinfo=UTC), "d MMM", locale=language)
    return str(first_day).removeprefix("1 ")


@lru_cache
def _city(zone: str, language: str) -> str:
    """Return the city of a time zone in a language.

    Babel reads the current name of the zone only; the names of some cities are stored under a former one (Europe/Kiev).
    """
    locale = Locale.parse(language)
    former = (old for old, current in get_global("zone_aliases").items() if current == zone)
    for name in (zone, *former):
        if city := locale.time_zones.get(name, {}).get("city"):
            return str(city)
    return str(get_timezone_location(ZoneInfo(zone), locale=locale, return_city=True))


def ago(value: datetime) -> str:
    """Return how long ago a moment was, or how far ahead it is."""
    seconds = math.floor((value - datetime.now(UTC)).total_seconds())
    units = _UNITS.items()
    unit: _Unit = next((name for name, size in units if abs(seconds) / size >= _NEXT_UNIT), "second")
    number = round(abs(seconds) / _UNITS[unit])
    return _ago(unit, number if seconds >= 0 else -number, reader_language())


@_remembered
def _ago(unit: _Unit, number: int, language: str | None) -> str:
    """Return a number of units in words; the ages of a page repeat, and Babel decides about each from the beginning."""
    seconds = number * _UNITS[unit]
    return str(
        format_timedelta(seconds, granularity=unit, threshold=math.inf, add_direction=True, locale=language)
    )


@dataclass(frozen=True, slots=True)
class When:
    """A moment three ways: ISO 8601 in UTC, relative to now, and in full with its zone."""

    iso: str
    ago: str
    full: str


def when(value: datetime) -> When:
    """Return a moment as pages show it."""
    return When(iso(value), ago(value), moment(value))


def iso(value: datetime) -> str:
    """Return a moment as UTC ISO 8601 for the datetime attribute."""
    return value.astimezone(UTC).isoformat(timespec="seconds")


FILTERS: dict[str, Any] = {
    "money": money,
    "tokens": tokens,
    "token_text": token_text,
    "exact_tokens": exact_tokens,
    "gas_coin": gas_coin,
    "percent": percent,
    "number": number,
    "short_number": short_number,
    "usd": usd,
    "moment": moment,
    "ago": ago,
    "iso": iso,
}
