"""The National Bank's daily rate: requested by date, validated, stored, and never guessed."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest

from models import ExchangeRate
from portal.db import release_connection
from portal.rewards import rates
from portal.rewards.rates import RateUnreadable, parse_nbu_rate, read_rate
from portal.settings import Settings
from tests.support.hanging import hanging_server, watched_timeouts
from tests.support.rate_bank import RateBank, open_rate_bank, rate_answer

DAY = date(2026, 9, 14)


def test_rate_is_parsed_exactly() -> None:
    assert parse_nbu_rate(rate_answer(), DAY) == Decimal("44.5483")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"Wrong parameters format",
        b"{}",
        b"null",
        rate_answer(day="15.09.2026"),
        rate_answer(code="EUR"),
        rate_answer(rate="1e13"),
        rate_answer(rate="1e-7"),
        rate_answer(rate="9" * 60),
        rate_answer(rate=0),
        rate_answer(rate=-1),
        rate_answer(rate="NaN"),
        rate_answer(rate=None),
        b"\xff\xfe",
    ],
)
def test_unreadable_answer_is_refused(body: bytes) -> None:
    with pytest.raises(RateUnreadable):
        parse_nbu_rate(body, DAY)


@pytest.fixture
def bank() -> Iterator[RateBank]:
    with open_rate_bank() as bank:
        yield bank


def settings_for(bank: RateBank) -> Settings:
    return Settings(_env_file=None, referral_rate_source="nbu", nbu_rate_url=bank.url)


def test_rate_of_a_day_is_requested_once_and_stored(database: str, bank: RateBank) -> None:
    for _ in range(3):
        reading = read_rate("UAH", settings_for(bank))
        assert (reading.value, reading.source) == (Fraction("41.25"), "nbu")
    assert bank.calls == 1
    assert ExchangeRate.get().units_per_usd == Decimal("41.25")


def test_unavailable_bank_gives_no_rate_and_the_next_call_retries(database: str, bank: RateBank) -> None:
    bank.broken = True
    assert read_rate("UAH", settings_for(bank)).value is None
    assert not ExchangeRate.select().exists()
    bank.broken = False
    assert read_rate("UAH", settings_for(bank)).value == Fraction("41.25")


def test_rate_setting_is_used_by_default(database: str) -> None:
    reading = read_rate("UAH", Settings(_env_file=None, referral_uah_per_usd=Decimal("39.5")))
    assert (reading.value, reading.source) == (Fraction("39.5"), "setting")


@pytest.mark.parametrize(("currency", "value"), [("USD", 1), ("USDT", 1), ("USDC", 1), ("EUR", None)])
def test_dollar_currencies_have_rate_one_and_others_have_none(
    database: str, currency: str, value: int | None
) -> None:
    assert read_rate(currency, Settings(_env_file=None)).value == value


def test_bank_that_never_answers_is_asked_once_and_delays_nobody_for_long(database: str) -> None:
    with hanging_server() as server, watched_timeouts() as waits:
        settings = Settings(
            _env_file=None, referral_rate_source="nbu", nbu_rate_url=f"http://127.0.0.1:{server.port}"
        )

        def read(_: int) -> Fraction | None:
            try:
                return read_rate("UAH", settings).value
            finally:
                release_connection()

        with ThreadPoolExecutor(8) as pool:
            assert list(pool.map(read, range(8))) == [None] * 8
        assert read(0) is None
        # One of nine readers waited, and no longer than a payment may.
        assert waits == [rates._TIMEOUT_SECONDS]
        assert len(server.connections) == 1
