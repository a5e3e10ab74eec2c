"""Format numbers, money, tokens and times for the reader's language.

Money is rounded half-up before Babel sees it, since Babel rounds half-even.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from babel import Locale
from babel.core import get_global
from babel.dates import format_datetime, format_timedelta, get_timezone_location
from babel.numbers import format_currency, format_decimal, format_percent, get_currency_symbol
from flask_babel import get_locale

from portal.lib.money import minor_digits, to_major
from portal.runtime import current_portal

WEI = Decimal(10) ** 18
TOKEN_PLACES = 6
_SIX_PLACES = "#,##0.######"
# Rows of a page repeat prices and percents, and Babel reads its patterns again for each.
_remembered = lru_cache(maxsize=4096)
_KNOWN_CURRENCIES = {"UAH", "USD", "EUR", "PLN", "JPY"}


def money(minor: int, currency: str) -> str:
    """Return minor units as an amount with its currency."""
    return _money(minor, currency, get_locale())


@_remembered
def _money(minor: int, currency: str, locale: Locale | None) -> str:
    amount = to_major(minor, currency)
    symbol = get_currency_symbol(currency, locale=locale)
    if currency in _KNOWN_CURRENCIES and symbol != currency:
        return str(format_currency(amount, currency, locale=locale))
    digits = minor_digits(currency)
    pattern = f"#,##0.{'0' * digits}" if digits else "#,##0"
    return f"{format_decimal(amount, pattern, locale=locale)}\u00a0{currency}"


def tokens(wei: int | None) -> str:
    """Return token base units as tokens, cut to six decimals, without the symbol; an em dash for none."""
    return "—" if wei is None else _tokens(wei, get_locale())


@_remembered
def _tokens(wei: int, locale: Locale | None) -> str:
    amount = (Decimal(wei) / WEI).quantize(Decimal(1).scaleb(-TOKEN_PLACES), rounding=ROUND_DOWN)
    return str(format_decimal(amount, _SIX_PLACES, locale=locale))


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
    return _percent(Decimal(value), get_locale())


@_remembered
def _percent(value: Decimal, locale: Locale | None) -> str:
    rounded = value.quantize(Decimal("0.000001"), rounding=ROUND_HALF_UP)
    return str(format_percent(rounded / 100, "#,##0.######%", locale=locale, decimal_quantization=False))


def number(value: int | Decimal) -> str:
    """Return a number with the language's separators."""
    return _number(value, get_locale())


@_remembered
def _number(value: int | Decimal, locale: Locale | None) -> str:
    return str(format_decimal(value, locale=locale))


def usd(value: Decimal | None) -> str:
    """Return a USD amount rounded half-up to at most six decimals; an em dash for none."""
    return "—" if value is None else _usd(value, get_locale())


@_remembered
def _usd(value: Decimal, locale: Locale | None) -> str:
    rounded = value.quantize(Decimal("0.000001"), rounding=ROUND_HALF_UP)
    shown = rounded.normalize() if rounded % Decimal("0.01") else rounded.quantize(Decimal("0.01"))
    return str(format_currency(shown, "USD", locale=locale, decimal_quantization=False))


def moment(value: datetime) -> str:
    """Return a moment in the business time zone, with the city of the zone."""
    zone, locale = current_portal().settings.timezone, get_locale()
    return f"{format_datetime(value.astimezone(zone), 'd MMM y, HH:mm', locale=locale)} ({_city(zone.key, locale)})"


@lru_cache
def _city(zone: str, locale: Locale) -> str:
    """Return the city of a time zone in a language.

    Babel reads the current name of the zone only; the names of some cities are stored under a former one (Europe/Kiev).
    """
    former = (old for old, current in get_global("zone_aliases").items() if current == zone)
    for name in (zone, *former):
        if city := locale.time_zones.get(name, {}).get("city"):
            return str(city)
    return str(get_timezone_location(ZoneInfo(zone), locale=locale, return_city=True))


def ago(value: datetime) -> str:
    """Return how long ago a moment was, or how far ahead it is."""
    return str(format_timedelta(value - datetime.now(UTC), add_direction=True, locale=get_locale()))


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
    "usd": usd,
    "moment": moment,
    "ago": ago,
    "iso": iso,
}
