"""Money as integers of minor units beside a currency; percents as exact decimals.

Nothing here accepts a float. Rounding is half-up, stated by each function (SPEC section 4).
"""

from __future__ import annotations

import re
from decimal import Decimal
from fractions import Fraction

from portal.lib.errors import PortalError

MINOR_UNITS = {"UAH": 2, "USD": 2, "EUR": 2, "USDT": 2, "USDC": 2, "PLN": 2, "JPY": 0}
_DEFAULT_MINOR_UNITS = 2
MAX_MINOR = 2**63 - 1
# ASCII digits only: Decimal itself also reads 1_000, full-width and Arabic digits.
_PLAIN = re.compile(r"[+-]?(?:[0-9]{1,40}(?:\.[0-9]{0,40})?|\.[0-9]{1,40})")


class InvalidAmount(PortalError):
    """The text is not a plain decimal amount that the currency can hold."""

    code = "amount_invalid"


def minor_digits(currency: str) -> int:
    """Return how many decimals a currency has."""
    return MINOR_UNITS.get(currency, _DEFAULT_MINOR_UNITS)


def to_major(minor: int, currency: str) -> Decimal:
    """Return minor units as an exact decimal in major units."""
    return Decimal(f"{minor}E-{minor_digits(currency)}")


def major_text(minor: int, currency: str) -> str:
    """Return minor units as the canonical decimal string, always with the currency's decimals."""
    return f"{to_major(minor, currency):.{minor_digits(currency)}f}"


def parse_major(text: str, currency: str) -> int:
    """Return the minor units of a decimal text; raise InvalidAmount for anything else.

    Only digits with an optional sign and point are an amount: no exponent, NaN, infinity
    or digits finer than the currency has.
    """
    cleaned = text.strip()
    if not _PLAIN.fullmatch(cleaned):
        raise InvalidAmount(field="amount")
    amount = Decimal(cleaned)
    scaled = amount.scaleb(minor_digits(currency))
    if scaled != scaled.to_integral_value() or abs(scaled) > MAX_MINOR:
        raise InvalidAmount(field="amount")
    return int(scaled)


def percent_of(minor: int, percent: Fraction | Decimal) -> int:
    """Return percent of an amount in minor units, rounded half-up (away from zero at the half)."""
    return round_half_up(Fraction(minor) * Fraction(percent) / 100)


def round_half_up(value: Fraction) -> int:
    """Round an exact value to an integer, halves away from zero."""
    magnitude = (abs(value) * 2 + 1) // 2
    return int(magnitude) if value >= 0 else -int(magnitude)


def decimal_text(value: Decimal | Fraction, places: int) -> str:
    """Return an exact value as a decimal string of at most `places` decimals, half-up, without trailing zeros."""
    text = f"{fraction_to_decimal(Fraction(value), places):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def fraction_to_decimal(value: Fraction, places: int) -> Decimal:
    """Return a fraction rounded half-up to `places` decimals; built from text, which no context rounds."""
    return Decimal(f"{round_half_up(value * 10**places)}E-{places}")
