"""Amounts of money as integers of minor units, percents as exact decimals.

Floats are not accepted. Rounding is half-up, stated by each function. See docs/rules/percents.md.
"""

from __future__ import annotations

import re
from decimal import Decimal
from fractions import Fraction

from portal.lib.currencies import CURRENCIES
from portal.lib.errors import PortalError

# Rows of earlier releases may have other currencies, written with two decimals; nothing new is accepted in them.
_UNLISTED_DIGITS = 2
MAX_MINOR = 2**63 - 1
# The most that one order or balance comes to: thousands of them still add up within a column.
MAX_TOTAL_MINOR = 10**15
# ASCII digits only: Decimal also accepts 1_000, full-width and Arabic digits.
_PLAIN = re.compile(r"[+-]?(?:[0-9]{1,40}(?:\.[0-9]{0,40})?|\.[0-9]{1,40})")
_WRITTEN = re.compile(r"-?[0-9]+(?:\.[0-9]+)?")
# As people type amounts: 1234.5, 1 234,50, 1,234.50. White space and apostrophes only separate thousands.
_GROUPED_BY_SPACE = re.compile(r"-?[0-9]{1,3}(?:[ \u00a0\u2009\u202f'\u2019][0-9]{3})+(?:[.,][0-9]{1,40})?")
_GROUPED_BY_COMMA = re.compile(r"-?[1-9][0-9]{0,2}(?:(?:,[0-9]{3})+\.[0-9]{1,40}|(?:,[0-9]{3}){2,})")
_DECIMAL_COMMA = re.compile(r"-?[0-9]{0,40},[0-9]{1,40}")
# Thousands in English and decimals in Ukrainian.
_AMBIGUOUS = re.compile(r"-?[1-9][0-9]{0,2},[0-9]{3}")
_SEPARATORS = re.compile(r"[ \u00a0\u2009\u202f'\u2019]")


class InvalidAmount(PortalError):
    """The text is not a decimal amount of the currency.

    Params: decimals and currency where it is finer than the currency, at_most (major units) where it is too large,
    ambiguous where a comma may separate thousands or decimals, is_sent where a program wrote it.
    """

    code = "amount_invalid"


class CurrencyUnknown(PortalError):
    """The portal accepts no such currency; param currency."""

    code = "currency_unknown"


class TotalTooLarge(PortalError):
    """A sum exceeds what one order or balance may come to; params at_most (major units) and currency."""

    code = "total_too_large"


def check_total(minor: int, currency: str, field: str) -> int:
    """Return a sum in minor units; raise TotalTooLarge above MAX_TOTAL_MINOR."""
    if minor > MAX_TOTAL_MINOR:
        raise TotalTooLarge(field=field, at_most=to_major(MAX_TOTAL_MINOR, currency), currency=currency)
    return minor


def minor_digits(currency: str) -> int:
    """Return the number of decimals of a stored currency. See docs/rules/payments.md."""
    return CURRENCIES.get(currency, _UNLISTED_DIGITS)


def check_currency(text: str, field: str = "currency") -> str:
    """Return the code of an accepted currency, typed in any case; raise CurrencyUnknown."""
    code = text.strip()
    # Letters beyond ASCII have capitals within it.
    if not code.isascii() or code.upper() not in CURRENCIES:
        raise CurrencyUnknown(field=field, currency=code[:10])
    return code.upper()


def to_major(minor: int, currency: str) -> Decimal:
    """Return minor units as an exact decimal in major units."""
    return Decimal(f"{minor}E-{minor_digits(currency)}")


def major_text(minor: int, currency: str) -> str:
    """Return minor units as a decimal string with all decimals of the currency."""
    return f"{to_major(minor, currency):.{minor_digits(currency)}f}"


def parse_major(text: str, currency: str, field: str = "amount") -> int:
    """Return the minor units of a decimal text, as programs write it; raise InvalidAmount for any other text.

    An amount is digits with an optional sign and point: no exponent, NaN, infinity or more decimals than the currency
    has.
    """
    cleaned = text.strip()
    if not _PLAIN.fullmatch(cleaned):
        raise InvalidAmount(field=field)
    # From text, because arithmetic of decimals would round what exceeds the context's 28 digits.
    scaled = Decimal(f"{cleaned}E{minor_digits(currency)}")
    if scaled != scaled.to_integral_value():
        raise InvalidAmount(field=field, decimals=minor_digits(currency), currency=currency)
    if abs(scaled) > MAX_MINOR:
        raise InvalidAmount(field=field, at_most=to_major(MAX_MINOR, currency))
    return int(scaled)


def parse_exact(text: str, currency: str, field: str = "amount") -> int:
    """Return the minor units of an amount that another system sent; raise InvalidAmount naming the field.

    It is written in one way: digits, and a point with at most the decimals of the currency, zeros included. Blanks, a
    plus sign or a point without digits on both sides say that the sender formats its amounts for people.
    """
    if not _WRITTEN.fullmatch(text):
        raise InvalidAmount(field=field, is_sent=True)
    minor = parse_major(text, currency, field)
    if len(text.partition(".")[2]) > minor_digits(currency):
        raise InvalidAmount(field=field, decimals=minor_digits(currency), currency=currency)
    return minor


def parse_amount(text: str, currency: str, field: str = "amount") -> int:
    """Return the minor units of an amount that a person typed; raise InvalidAmount naming the field.

    Thousands may be separated by spaces or, before a decimal point, by commas; decimals follow a point or a comma.
    """
    return parse_major(plain_amount(text, field), currency, field)


def plain_amount(text: str, field: str = "amount") -> str:
    """Return a typed number as digits with an optional minus and point; raise InvalidAmount naming the field."""
    typed = text.strip()
    if _GROUPED_BY_SPACE.fullmatch(typed):
        return _SEPARATORS.sub("", typed).replace(",", ".")
    if _GROUPED_BY_COMMA.fullmatch(typed):
        return typed.replace(",", "")
    if _AMBIGUOUS.fullmatch(typed):
        raise InvalidAmount(field=field, ambiguous=True)
    if _DECIMAL_COMMA.fullmatch(typed):
        return typed.replace(",", ".")
    if typed.startswith("+") or not _PLAIN.fullmatch(typed):
        raise InvalidAmount(field=field)
    return typed


def percent_of(minor: int, percent: Fraction | Decimal) -> int:
    """Return a percentage of an amount in minor units, rounded half-up (halves away from zero)."""
    numerator, denominator = percent.as_integer_ratio()
    return _round_ratio(minor * numerator, denominator * 100)


def round_half_up(value: Fraction) -> int:
    """Round an exact value to an integer, halves away from zero."""
    return _round_ratio(value.numerator, value.denominator)


def _round_ratio(numerator: int, denominator: int) -> int:
    magnitude = (2 * abs(numerator) + denominator) // (2 * denominator)
    return magnitude if numerator >= 0 else -magnitude


def decimal_text(value: Decimal | Fraction, places: int) -> str:
    """Return a value rounded half-up to `places` decimals as a decimal string without trailing zeros."""
    text = f"{fraction_to_decimal(Fraction(value), places):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def fraction_to_decimal(value: Fraction, places: int) -> Decimal:
    """Return a fraction rounded half-up to `places` decimals; built from text, because a context would round it."""
    return Decimal(f"{round_half_up(value * 10**places)}E-{places}")
