"""Money: exact integers of minor units, rounded half-up."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from babel.core import get_global
from babel.numbers import get_currency_precision
from hypothesis import given
from hypothesis import strategies as st

from portal.lib.currencies import ISO_DIGITS
from portal.lib.money import (
    MAX_MINOR,
    CurrencyUnknown,
    InvalidAmount,
    check_currency,
    decimal_text,
    fraction_to_decimal,
    major_text,
    minor_digits,
    parse_amount,
    parse_major,
    percent_of,
    round_half_up,
    to_major,
)

MINOR = st.integers(-MAX_MINOR, MAX_MINOR)
CURRENCY = st.sampled_from(["UAH", "USD", "USDT", "JPY", "KWD", "CLF", "XYZ"])


@pytest.mark.parametrize(
    ("minor", "currency", "text"),
    [
        (0, "UAH", "0.00"), (1, "UAH", "0.01"), (-1, "UAH", "-0.01"), (100, "UAH", "1.00"), (98_050, "USD", "980.50"),
        (-12_345, "USDC", "-123.45"), (7, "JPY", "7"), (0, "JPY", "0"), (5, "XYZ", "0.05"),
        (MAX_MINOR, "UAH", "92233720368547758.07"),
    ],
)  # fmt: skip
def test_minor_units_and_their_text(minor: int, currency: str, text: str) -> None:
    assert major_text(minor, currency) == text
    assert parse_major(text, currency) == minor
    assert to_major(minor, currency) == Decimal(text)


@pytest.mark.parametrize(
    ("text", "minor"),
    [("1", 100), ("1.", 100), (".5", 50), ("+1.50", 150), ("  2.5 ", 250), ("1.500", 150), ("00012.30", 1230),
     ("-0", 0), ("0.0000000", 0)],
)  # fmt: skip
def test_accepted_amounts(text: str, minor: int) -> None:
    assert parse_major(text, "UAH") == minor


@pytest.mark.parametrize(
    "text",
    ["", " ", ".", "-", "abc", "1.001", "1e2", "1E2", "NaN", "Infinity", "-inf", "1_000", "1,5", "1 000", "0x10",
     "１２", "١٢", "--1", "1-", "1.2.3", "92233720368547758.08", "9" * 41, "1\n2", "1\x00"],
)  # fmt: skip
def test_invalid_amounts(text: str) -> None:
    with pytest.raises(InvalidAmount) as raised:
        parse_major(text, "UAH")
    assert (raised.value.code, raised.value.field) == ("amount_invalid", "amount")


def test_currency_without_decimals_refuses_them() -> None:
    assert (minor_digits("JPY"), parse_major("5.0", "JPY")) == (0, 5)
    with pytest.raises(InvalidAmount):
        parse_major("5.5", "JPY")


DIGITS = {"JPY": 0, "KRW": 0, "HUF": 2, "IQD": 3, "KWD": 3, "RSD": 2, "CLF": 4, "USDT": 2}


@pytest.mark.parametrize(("currency", "digits"), DIGITS.items())
def test_digits_are_those_of_iso_4217(currency: str, digits: int) -> None:
    assert minor_digits(currency) == digits
    assert parse_major("1", currency) == 10**digits


def test_table_agrees_with_the_currencies_in_use() -> None:
    """Compare with CLDR: what is legal tender today, and how many decimals, except where CLDR leaves them out."""
    tender = {
        code
        for periods in get_global("territory_currencies").values()
        for code, _, end, is_tender in periods
        if end is None and is_tender
    }
    assert tender - ISO_DIGITS.keys() == {"BGN"}  # replaced by EUR in 2026
    left_out = {code for code, digits in ISO_DIGITS.items() if get_currency_precision(code) != digits}
    assert sorted(left_out) == [
        "AFN", "ALL", "IQD", "IRR", "KPW", "LAK", "LBP", "MGA", "MMK", "RSD", "SOS", "SYP", "YER"
    ]  # fmt: skip
    assert all(get_currency_precision(code) == 0 for code in left_out)


@pytest.mark.parametrize("text", ["UAH", " jpy ", "Usdt", "kWd"])
def test_accepted_currencies(text: str) -> None:
    assert check_currency(text) == text.strip().upper()


@pytest.mark.parametrize(
    "text", ["", "UA", "XYZ", "XAU", "XTS", "BTC", "U AH", "гривня", "ＵＳＤ", "ıqd", "UAH\x00"]
)
def test_other_currencies_are_refused_with_the_field(text: str) -> None:
    with pytest.raises(CurrencyUnknown) as raised:
        check_currency(text, "filter")
    assert (raised.value.code, raised.value.field) == ("currency_unknown", "filter")


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [
        ("1234.5", "UAH", 123450), ("1 234,50", "UAH", 123450), ("1\u00a0234,50", "UAH", 123450),
        ("1\u202f234\u202f567,8", "UAH", 123456780), ("1'234.50", "USD", 123450), ("1,234.50", "USD", 123450),
        ("1,234,567", "JPY", 1234567), ("12,5", "EUR", 1250), (",5", "UAH", 50), ("0,500", "KWD", 500),
        ("12,3456", "CLF", 123456), ("-5", "UAH", -500), (" 5 ", "JPY", 5), ("1.234", "KWD", 1234),
    ],
)  # fmt: skip
def test_amounts_as_people_type_them(text: str, currency: str, minor: int) -> None:
    assert parse_amount(text, currency) == minor


@pytest.mark.parametrize(
    "text",
    ["", " ", "+5", "--5", "5-", "\u22125", "1e5", "NaN", "Infinity", "1 23", "12 34,5", "1,23,456.7", "1.234,50",
     "1 234 .5", "1  234", "٥", "５", "1_000", "0x10", "$5", "5 UAH", ",", "1,", "9" * 30, "9" * 5000, "1\n234",
     "1,2,3"],
)  # fmt: skip
def test_other_amounts_are_refused_with_the_field(text: str) -> None:
    with pytest.raises(InvalidAmount) as raised:
        parse_amount(text, "UAH", "least")
    assert (raised.value.code, raised.value.field) == ("amount_invalid", "least")


@pytest.mark.parametrize("text", ["1,234", "-12,345", "999,999"])
def test_a_comma_that_may_separate_thousands_or_decimals_is_refused(text: str) -> None:
    for currency in ("UAH", "KWD", "JPY"):
        with pytest.raises(InvalidAmount) as raised:
            parse_amount(text, currency)
        assert raised.value.params == {"ambiguous": True}


@pytest.mark.parametrize(
    ("text", "currency", "digits"),
    [("1.001", "UAH", 2), ("0,5", "JPY", 0), ("1.2345", "KWD", 3), ("1.23456", "CLF", 4), (f"1.{'0' * 39}1", "UAH", 2)],
)  # fmt: skip
def test_an_amount_finer_than_its_currency_is_refused_with_its_decimals(
    text: str, currency: str, digits: int
) -> None:
    with pytest.raises(InvalidAmount) as raised:
        parse_amount(text, currency)
    assert raised.value.params == {"decimals": digits, "currency": currency}


@given(MINOR, CURRENCY)
def test_amount_round_trips_through_text(minor: int, currency: str) -> None:
    assert parse_major(major_text(minor, currency), currency) == minor


@given(st.text(max_size=50), CURRENCY)
def test_any_text_is_parsed_or_refused(text: str, currency: str) -> None:
    try:
        minor = parse_amount(text, currency)
    except InvalidAmount:
        return
    assert abs(minor) <= MAX_MINOR


# ---------------------------------------------------------------------- percents and rounding


@pytest.mark.parametrize(
    ("value", "rounded"),
    [("0", 0), ("1/2", 1), ("-1/2", -1), ("49/100", 0), ("-49/100", 0), ("3/2", 2), ("5/2", 3), ("-5/2", -3),
     ("1/3", 0), ("2/3", 1), ("-2/3", -1), ("7", 7)],
)  # fmt: skip
def test_halves_round_away_from_zero(value: str, rounded: int) -> None:
    assert round_half_up(Fraction(value)) == rounded


@given(st.fractions())
def test_rounding_is_symmetric_and_nearest(value: Fraction) -> None:
    rounded = round_half_up(value)
    assert abs(rounded - value) <= Fraction(1, 2)
    assert round_half_up(-value) == -rounded


@pytest.mark.parametrize(
    ("minor", "percent", "expected"),
    [
        (100_000, "5", 5_000),
        (10, "5", 1),
        (9, "5", 0),
        (-10, "5", -1),
        (1, "50", 1),
        (333, "33.333333", 111),
        (0, "7", 0),
    ],
)
def test_percentage_is_rounded_once(minor: int, percent: str, expected: int) -> None:
    assert percent_of(minor, Decimal(percent)) == percent_of(minor, Fraction(percent)) == expected


@given(st.integers(0, MAX_MINOR), st.decimals(0, 100, places=6))
def test_percentage_never_exceeds_the_amount(minor: int, percent: Decimal) -> None:
    assert 0 <= percent_of(minor, percent) <= minor


@pytest.mark.parametrize(
    ("value", "places", "text"),
    [("1/3", 6, "0.333333"), ("2/3", 6, "0.666667"), ("5", 6, "5"), ("1/2", 0, "1"), ("-1/2", 0, "-1"),
     ("100", 2, "100"), ("1/8", 2, "0.13"), ("0", 4, "0")],
)  # fmt: skip
def test_decimals_as_text(value: str, places: int, text: str) -> None:
    assert decimal_text(Fraction(value), places) == text


@given(st.fractions(-(10**30), 10**30), st.integers(0, 40))
def test_fraction_is_not_rounded_by_a_context(value: Fraction, places: int) -> None:
    assert abs(Fraction(fraction_to_decimal(value, places)) - value) <= Fraction(1, 2 * 10**places)
