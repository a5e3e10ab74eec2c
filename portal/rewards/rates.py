"""How many UAH a USD is worth: a setting, or the National Bank of Ukraine's rate of the day.

A rate that cannot be read is a missing rate, never a guess: the reward is recorded as failed and retried later.
See docs/rules/rewards.md.
"""

from __future__ import annotations

import json
import threading
import time
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from fractions import Fraction

from models import ExchangeRate
from portal.lib import http
from portal.lib.clock import utc_now
from portal.rewards.rules import rate_for
from portal.settings import Settings

NBU = "nbu"
_TIMEOUT_SECONDS = 2
# A bank that does not answer holds one thread at a time, and is left alone for some seconds.
_PAUSE_SECONDS = 15
_reader = threading.Lock()
_silent_until: dict[str, float] = {}
_RESPONSE_LIMIT = 64 * 1024
# Outside it the bank's response is no rate of the hryvnia.
_LEAST_RATE, _MOST_RATE = Decimal("1E-6"), Decimal(10**12)


class RateUnreadable(Exception):
    """The bank could not be reached, or its response is not a rate of the requested day."""


@dataclass(frozen=True)
class RateReading:
    """Units of a currency per USD with source and time; `value` is None when there is no rate."""

    value: Fraction | None
    source: str
    at: datetime | None
    day: date | None = None


def read_rate(currency: str, settings: Settings, at: datetime | None = None) -> RateReading:
    """Return the rate that a reward in this currency is sized with, by default now. See docs/rules/rewards.md."""
    if currency == "UAH" and settings.referral_rate_source == NBU:
        return _nbu_rate(settings, at or utc_now())
    source = "setting" if currency == "UAH" else "parity"
    value = rate_for(currency, settings.referral_uah_per_usd)
    return RateReading(value, source if value is not None else "none", utc_now())


def _nbu_rate(settings: Settings, at: datetime) -> RateReading:
    day = at.astimezone(settings.timezone).date()
    key = (ExchangeRate.source == NBU) & (ExchangeRate.currency == "UAH") & (ExchangeRate.day == day)
    row = ExchangeRate.get_or_none(key)
    if row is None:
        try:
            rate = fetch_nbu_rate(settings.nbu_rate_url, day)
        except RateUnreadable:
            return RateReading(None, NBU, None, day)
        values = {"source": NBU, "currency": "UAH", "day": day, "units_per_usd": rate}
        ExchangeRate.insert(values).on_conflict_ignore().execute()
        row = ExchangeRate.get(key)
    return RateReading(Fraction(row.units_per_usd), NBU, row.fetched_at, day)


def fetch_nbu_rate(url: str, day: date) -> Decimal:
    """Return the bank's UAH per USD of a day; raise RateUnreadable.

    Without a date the bank returns the next banking day, and it sends errors as HTTP 200: so the request names the
    date and the response is checked for it.
    """
    if not _reader.acquire(timeout=_TIMEOUT_SECONDS):
        raise RateUnreadable("another reader waits for the bank")
    try:
        if time.monotonic() < _silent_until.get(url, 0):
            raise RateUnreadable("the bank did not answer some seconds ago")
        return _fetch(url, day)
    finally:
        _reader.release()


def _fetch(url: str, day: date) -> Decimal:
    address = f"{url}?valcode=USD&date={day:%Y%m%d}&json"
    try:
        answer = http.get(address, timeout=_TIMEOUT_SECONDS, limit=_RESPONSE_LIMIT)
    except http.HttpFailed as error:
        _silent_until[url] = time.monotonic() + _PAUSE_SECONDS
        raise RateUnreadable(str(error)) from None
    if answer.status >= 300:
        raise RateUnreadable(f"status {answer.status}")
    return parse_nbu_rate(answer.body, day)


def parse_nbu_rate(body: bytes, day: date) -> Decimal:
    """Return UAH per USD from the bank's response for a day; raise RateUnreadable for anything else."""
    try:
        entries = json.loads(body, parse_float=str, parse_int=str)
        entry = next(item for item in entries if item["cc"] == "USD")
        rate = Decimal(entry["rate"])
    except (ValueError, TypeError, KeyError, StopIteration, InvalidOperation, RecursionError):
        raise RateUnreadable("the response is not a rate") from None
    if entry.get("exchangedate") != f"{day:%d.%m.%Y}":
        raise RateUnreadable(f"the response is for {entry.get('exchangedate')}")
    if not rate.is_finite() or not _LEAST_RATE <= rate <= _MOST_RATE:
        raise RateUnreadable(f"the rate is {rate}")
    return rate
