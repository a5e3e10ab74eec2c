"""Addresses, identifiers, clock and error base classes."""

from __future__ import annotations

import secrets
import string
from collections import Counter
from datetime import UTC, datetime, timedelta, timezone

import pytest
import time_machine
from eth_utils.address import to_checksum_address as checksum_of_library
from hypothesis import given
from hypothesis import strategies as st

from portal.lib.addresses import (
    AddressChecksumWrong,
    InvalidAddress,
    canonical_address,
    short_address,
    to_checksum_address,
)
from portal.lib.clock import epoch_milliseconds, utc_now, utc_today
from portal.lib.errors import InputInvalid, PortalError
from portal.lib.ids import CODE_ALPHABET, random_text

MIXED = "0x52908400098527886E0F7030069857D2E4169EE7"


def test_address_has_one_stored_form() -> None:
    assert canonical_address(MIXED) == canonical_address(f"  {MIXED.lower()}\n") == MIXED.lower()
    assert canonical_address(canonical_address(MIXED)) == MIXED.lower()


@pytest.mark.parametrize(
    "text",
    ["", "0x", MIXED[2:], MIXED[:-1], MIXED + "0", "0X" + MIXED[2:], MIXED.replace("5", "g"), "0x" + "0" * 40,
     "0x" + "１" * 40, MIXED + "\n0", "0x" + " " * 40, "vitalik.eth"],
)  # fmt: skip
def test_invalid_addresses(text: str) -> None:
    with pytest.raises(InvalidAddress) as raised:
        canonical_address(text)
    assert (raised.value.code, raised.value.field) == ("address_invalid", "address")


@given(st.integers(1, 2**160 - 1))
def test_every_address_except_zero_is_valid(number: int) -> None:
    assert int(canonical_address(f"0x{number:040X}"), 16) == number


@given(st.integers(0, 2**160 - 1))
def test_letters_of_an_address_are_those_of_eip_55(number: int) -> None:
    address = f"0x{number:040x}"
    assert to_checksum_address(address) == checksum_of_library(address)
    assert to_checksum_address(f"0x{number:040X}") == checksum_of_library(address)


@pytest.mark.parametrize("text", ["", MIXED[2:], MIXED[:-1], MIXED + "\n"])
def test_other_texts_have_no_checksum(text: str) -> None:
    with pytest.raises(InvalidAddress):
        to_checksum_address(text)


@given(st.integers(1, 2**160 - 1), st.data())
def test_mixed_case_is_a_checksum(number: int, data: st.DataObject) -> None:
    right = to_checksum_address(f"0x{number:040x}")
    assert canonical_address(right) == right.lower()
    letters = [place for place, digit in enumerate(right) if place > 1 and digit.isalpha()]
    if not letters:
        return
    place = data.draw(st.sampled_from(letters))
    wrong = right[:place] + right[place].swapcase() + right[place + 1 :]
    if wrong[2:] in (wrong[2:].lower(), wrong[2:].upper()):
        assert canonical_address(wrong) == right.lower()
        return
    with pytest.raises(AddressChecksumWrong):
        canonical_address(wrong)


def test_address_is_shortened_for_display() -> None:
    assert short_address(MIXED) == "0x5290…9EE7"


# ---------------------------------------------------------------------- identifiers


def test_code_alphabet() -> None:
    assert CODE_ALPHABET == "23456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
    assert len(set(CODE_ALPHABET)) == 57
    assert set(string.ascii_letters + string.digits) - set(CODE_ALPHABET) == set("01IOl")


def test_random_text_has_length_and_alphabet() -> None:
    for length in (0, 1, 8, 14):
        text = random_text(length)
        assert len(text) == length
        assert set(text) <= set(CODE_ALPHABET)


def test_random_text_uses_secrets_choice_per_character(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Choosing from the alphabet is unbiased; a remainder of random bytes would be biased.
    drawn: list[str] = []

    def choose(letters: str) -> str:
        drawn.append(letters)
        return letters[len(drawn) % len(letters)]

    monkeypatch.setattr(secrets, "choice", choose)
    assert random_text(8) == CODE_ALPHABET[1:9]
    assert drawn == [CODE_ALPHABET] * 8


def test_characters_are_evenly_distributed() -> None:
    counts = Counter(random_text(57_000))
    assert set(counts) == set(CODE_ALPHABET)
    # 1 000 of each are expected; a deviation of eight sigma does not occur by chance.
    assert all(750 < count < 1_250 for count in counts.values())


def test_random_texts_differ() -> None:
    assert len({random_text(8) for _ in range(2_000)}) == 2_000


# ---------------------------------------------------------------------- clock


def test_now_is_aware_and_in_utc() -> None:
    assert utc_now().utcoffset() == timedelta(0)


def test_today_is_the_utc_date() -> None:
    with time_machine.travel(datetime(2026, 3, 1, 0, 30, tzinfo=timezone(timedelta(hours=2))), tick=False):
        assert utc_today().isoformat() == "2026-02-28"
        assert utc_now() == datetime(2026, 2, 28, 22, 30, tzinfo=UTC)


@given(st.timedeltas(timedelta(0), timedelta(days=2_000_000)))
def test_milliseconds_are_whole_and_exact(since: timedelta) -> None:
    moment = datetime(1970, 1, 1, tzinfo=UTC) + since
    expected = since // timedelta(milliseconds=1)
    assert epoch_milliseconds(moment) == expected


# ---------------------------------------------------------------------- errors


def test_error_has_code_field_and_parameters() -> None:
    class OrderClosed(PortalError):
        code = "order_closed"

    error = OrderClosed(field="order", number=40)
    assert (str(error), error.code, error.field, error.params) == (
        "order_closed",
        "order_closed",
        "order",
        {"number": 40},
    )
    assert str(OrderClosed("too late")) == "too late"


def test_input_error_names_every_field() -> None:
    error = InputInvalid({"name": PortalError("too long"), "email": PortalError("no address")})
    assert set(error.fields) == {"name", "email"}
    assert "name: too long" in str(error)
