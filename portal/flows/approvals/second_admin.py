"""Whether what one admin starts needs a second one: every operation that moves money asks here.

See docs/rules/second_admin.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from portal.lib.currencies import CURRENCIES
from portal.lib.money import fraction_to_decimal, minor_digits
from portal.programme import approvals_needed
from portal.rewards import read_rate
from portal.settings import Settings

_PLACES = 18

# Units of a currency per USD, None where there is no rate.
Rates = Mapping[str, Fraction | None]


@dataclass(frozen=True)
class Judgement:
    """A value in USD, None if it is unknown, and whether it needs a second admin."""

    usd_value: Decimal | None
    needs_second: bool


def read_rates(settings: Settings) -> Rates:
    """Return the rate of every currency; a source may be slow, so call it outside transactions."""
    return {currency: read_rate(currency, settings).value for currency in CURRENCIES}


def judge(amounts: Mapping[str, int], limit_usd: Decimal, rates: Rates) -> Judgement:
    """Judge amounts in minor units by currency against a limit; an unknown value counts as above."""
    usd_value = _usd_value(amounts, rates)
    return Judgement(usd_value, approvals_needed(usd_value, limit_usd) > 1)


def _usd_value(amounts: Mapping[str, int], rates: Rates) -> Decimal | None:
    total = Fraction(0)
    for currency, minor in amounts.items():
        rate = rates.get(currency)
        if rate is None and minor:
            return None
        total += Fraction(minor, 10 ** minor_digits(currency)) / rate if rate else 0
    return fraction_to_decimal(total, _PLACES)
