"""Amounts of money as integers of minor units, percents as exact decimals.

Floats are not accepted. Rounding is half-up, stated by each function. See docs/rules/percents.md.
"""

from __future__ import annotations

import re
from decimal import Decimal
from fractions import Fraction

from portal.lib.errors import PortalError

MINOR_UNITS = {"UAH": 2, "USD": 2, "EUR": 2, "USDT": 2, "USDC": 2, "PLN": 2, "JPY": 0}
_DEFAULT_MINOR_UNITS = 2
MAX_MINOR = 2**63 - 1
# The most that one order or balance comes to: thousands of them still add up within a column.
MAX_TOTAL_MINOR = 10**15
# ASCII digits only: Decimal also accepts 1_000, full-width and Arabic digits.
_PLAIN = re.compile(r"[+-]?(?:[0-9]{1,40}(?:\.[0-9]{0,40})?|\.[0-9]{1,40})")


class InvalidAmount(PortalError):
    """The text is not a plain decimal amount of the currency."""

    code = "amount_invalid"


class TotalTooLarge(PortalError):
    """A sum exceeds what one order or balance may come to; params at_most (major units) and currency."""

    code = "total_too_large"


def check_total(minor: int, currency: str, field: str) -> int:
    """Return a sum in minor units; raise TotalTooLarge above MAX_TOTAL_MINOR."""
    if minor > MAX_TOTAL_MINOR:
        raise TotalTooLarge(field=field, at_most=to_major(MAX_TOTAL_MINOR, currency), currency=currency)
    return minor


def minor_digits(currency: str) -> int:
    """Return the number of decimals of a currency."""
    return MINOR_UNITS.get(currency, _DEFAULT_MINOR_UNITS)


def to_major(minor: int, currency: str) -> Decimal:
    """Return minor units as an exact decimal in major units."""
    return Decimal(f"{minor}E-{minor_digits(currency)}")


def major_text(minor: int, currency: str) -> str:
    """Return minor units as a decimal string with all decimals of the currency."""
    return f"{to_major(minor, currency):.{minor_digits(currency)}f}"


def parse_major(text: str, currency: str) -> int:
    """Return the minor units of a decimal text; raise InvalidAmount for any other text.

    An amount is digits with an optional sign and point: no exponent, NaN, infinity or more decimals than the currency
    has.
    """
    cleaned = text.strip()
    if not _PLAIN.fullmatch(cleaned):
        raise InvalidAmount(field="amount")
    amount = Decimal(cleaned)
    scaled = amount.scaleb(minor_digits(currency))
    if scaled != scaled.to_integral_value():
        raise InvalidAmount(field="amount")
    if abs(scaled) > MAX_MINOR:
        raise InvalidAmount(field="amount", at_most=to_major(MAX_MINOR, currency))
    return int(scaled)


def percent_of(minor: int, percent: Fraction | Decimal) -> int:
    """Return a percentage of an amount in minor units, rounded half-up (halves away from zero)."""
    return round_half_up(Fraction(minor) * Fraction(percent) / 100)


def round_half_up(value: Fraction) -> int:
    """Round an exact value to an integer, halves away from zero."""
    magnitude = (abs(value) * 2 + 1) // 2
    return int(magnitude) if value >= 0 else -int(magnitude)


def decimal_text(value: Decimal | Fraction, places: int) -> str:
    """Return a value rounded half-up to `places` decimals as a decimal string without trailing zeros."""
    text = f"{fraction_to_decimal(Fraction(value), places):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def fraction_to_decimal(value: Fraction, places: int) -> Decimal:
    """Return a fraction rounded half-up to `places` decimals; built from text, because a context would round it."""
    return Decimal(f"{round_half_up(value * 10**places)}E-{places}")
