"""Rules for the signals that two accounts belong to one person. See docs/privacy.md."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.accounts.signal_rules import (
    PERIOD_DAYS,
    is_device,
    network_of,
    period_of,
    usable_periods,
)
from portal.lib.mailboxes import mailbox


@pytest.mark.parametrize(
    ("email", "expected"),
    [
        ("A.b+c@Gmail.com", "ab@gmail.com"),
        ("ab@googlemail.com", "ab@gmail.com"),
        ("a.b@gmail.com", "ab@gmail.com"),
        ("A.b+c@X.Example", "a.b@x.example"),
        ("a@x.example", "a@x.example"),
        ("a+@x.example", "a@x.example"),
        ("a+b+c@x.example", "a@x.example"),
    ],
)
def test_mailbox_ignores_case_tags_and_gmail_dots(email: str, expected: str) -> None:
    assert mailbox(email) == expected


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("203.0.113.7", "203.0.113.7", True),
        ("203.0.113.7", "203.0.113.8", False),
        ("::ffff:203.0.113.7", "203.0.113.7", True),
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff:ffff:ffff:ffff", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("fe80::1%eth0", "fe80::2%wlan0", True),
        ("203.0.113.7", "2001:db8:1:2::1", False),
    ],
)
def test_network_is_an_ipv4_address_or_an_ipv6_64_prefix(one: str, other: str, same: bool) -> None:
    assert (network_of(one, public_only=False) == network_of(other, public_only=False)) is same


@pytest.mark.parametrize("text", [None, "", "unknown", "1.2.3", "1.2.3.4, 5.6.7.8", "::g"])
def test_invalid_address_has_no_network(text: str | None) -> None:
    assert network_of(text, public_only=False) is None


@pytest.mark.parametrize(
    ("address", "has_network"),
    [("127.0.0.1", False), ("10.1.2.3", False), ("100.64.0.1", False), ("::1", False), ("fd00::1", False),
     ("::ffff:10.1.2.3", False), ("93.184.216.34", True), ("2606:2800:220:1::1", True)],
)  # fmt: skip
def test_only_public_addresses_have_a_public_network(address: str, has_network: bool) -> None:
    assert (network_of(address, public_only=True) is not None) is has_network
    assert network_of(address, public_only=False) is not None


@pytest.mark.parametrize(
    ("text", "is_valid"),
    [("A" * 22, True), ("a-_9" * 6, True), ("A" * 21, False), ("A" * 44, False), ("A" * 22 + "\n", False),
     ("ж" * 22, False), ("", False), (None, False)],
)  # fmt: skip
def test_device_cookie_format_is_checked(text: str | None, is_valid: bool) -> None:
    assert is_device(text) is is_valid


days = st.dates(date(2026, 1, 1), date(2040, 1, 1))


@given(days, st.integers(0, 100))
def test_sightings_are_comparable_within_one_period_and_not_after_two(day: date, later: int) -> None:
    common_periods = set(usable_periods(day)) & set(usable_periods(day + timedelta(days=later)))
    if later <= PERIOD_DAYS:
        assert common_periods
    if later >= 2 * PERIOD_DAYS:
        assert not common_periods


@given(days)
def test_salt_is_used_for_two_periods(day: date) -> None:
    period = period_of(day)
    days_in_use = [
        days_ahead
        for days_ahead in range(-PERIOD_DAYS, 4 * PERIOD_DAYS)
        if period in usable_periods(day + timedelta(days=days_ahead))
    ]
    assert days_in_use == list(range(days_in_use[0], days_in_use[-1] + 1))
    assert len(days_in_use) == 2 * PERIOD_DAYS
