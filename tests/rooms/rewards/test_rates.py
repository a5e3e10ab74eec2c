"""The National Bank's rate of the day: asked for by date, checked, kept, and never guessed."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from fractions import Fraction
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest

from models import ExchangeRate
from portal.rewards.rates import RateUnreadable, parse_nbu_rate, read_rate
from portal.settings import Settings

DAY = date(2026, 9, 14)


def answer(rate: object = 44.5483, day: str = "14.09.2026", code: str = "USD") -> bytes:
    entry = {"r030": 840, "txt": "Долар США", "rate": rate, "cc": code, "exchangedate": day, "special": "N"}
    return json.dumps([entry]).encode()


def test_the_rate_keeps_its_digits() -> None:
    assert parse_nbu_rate(answer(), DAY) == Decimal("44.5483")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"Wrong parameters format",
        b"{}",
        b"null",
        answer(day="15.09.2026"),
        answer(code="EUR"),
        answer(rate=0),
        answer(rate=-1),
        answer(rate="NaN"),
        answer(rate=None),
        b"\xff\xfe",
    ],
)
def test_anything_else_is_no_rate(body: bytes) -> None:
    with pytest.raises(RateUnreadable):
        parse_nbu_rate(body, DAY)


class Bank(HTTPServer):
    """A bank on loopback that answers the asked date, or what it is told to."""

    calls = 0
    broken = False


class Desk(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        bank: Bank = self.server  # type: ignore[assignment]
        bank.calls += 1
        asked = parse_qs(urlsplit(self.path).query)["date"][0]
        body = b"[]" if bank.broken else answer(41.25, f"{asked[6:]}.{asked[4:6]}.{asked[:4]}")
        self.send_response(200)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def bank() -> Iterator[Bank]:
    server = Bank(("127.0.0.1", 0), Desk)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def settings_for(bank: Bank) -> Settings:
    url = f"http://127.0.0.1:{bank.server_port}/exchange"
    return Settings(_env_file=None, referral_rate_source="nbu", nbu_rate_url=url)


def test_a_days_rate_is_asked_for_once_and_kept(database: str, bank: Bank) -> None:
    for _ in range(3):
        reading = read_rate("UAH", settings_for(bank))
        assert (reading.value, reading.source) == (Fraction("41.25"), "nbu")
    assert bank.calls == 1
    assert ExchangeRate.get().units_per_usd == Decimal("41.25")


def test_without_an_answer_there_is_no_rate_and_the_next_call_asks_again(database: str, bank: Bank) -> None:
    bank.broken = True
    assert read_rate("UAH", settings_for(bank)).value is None
    assert not ExchangeRate.select().exists()
    bank.broken = False
    assert read_rate("UAH", settings_for(bank)).value == Fraction("41.25")


def test_the_setting_decides_unless_the_bank_is_chosen(database: str) -> None:
    reading = read_rate("UAH", Settings(_env_file=None, referral_uah_per_usd=Decimal("39.5")))
    assert (reading.value, reading.source) == (Fraction("39.5"), "setting")


@pytest.mark.parametrize(("currency", "value"), [("USD", 1), ("USDT", 1), ("USDC", 1), ("EUR", None)])
def test_dollars_are_dollars_and_the_rest_has_no_rate(
    database: str, currency: str, value: int | None
) -> None:
    assert read_rate(currency, Settings(_env_file=None)).value == value
