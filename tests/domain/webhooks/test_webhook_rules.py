"""Addresses of endpoints, and how long a delivery waits."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from portal.webhooks import parse_retry_after
from portal.webhooks.rules import SCHEDULE, WebhookUrlInvalid, check_url, next_wait


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("", "malformed"),
        ("hooks.example", "malformed"),
        ("ftp://hooks.example/", "malformed"),
        ("https://hooks.example:99999/", "malformed"),
        ("https://hooks.example:0/", "malformed"),
        ("https://hooks.example/" + "x" * 2000, "malformed"),
        ("https://hooks.example/\u00fc", "malformed"),
        ("https://hooks.example/a b", "malformed"),
        ("https://hooks.example/#part", "malformed"),
        ("https://[::1", "malformed"),
        ("http://hooks.example/", "https_required"),
        ("https://user:pass@hooks.example/", "credentials"),
        ("https://@hooks.example/", "credentials"),
        ("https://127.0.0.1/", "private"),
        ("https://[::ffff:10.0.0.1]/", "private"),
        ("https://169.254.169.254/latest", "private"),
        ("https://localhost/", "private"),
        ("https://db.internal/", "private"),
        ("https://db.internal./", "private"),
        ("https://localhost./", "private"),
        # Other ways to write 127.0.0.1, and hosts that cannot be.
        ("https://127.1/", "malformed"),
        ("https://0177.0.0.1/", "malformed"),
        ("https://2130706433/", "malformed"),
        ("https://0x7f.1/", "malformed"),
        ("https://%31%32%37.0.0.1/", "malformed"),
        ("https://hooks..example/", "malformed"),
    ],
    ids=lambda value: value[:40],
)
def test_address_is_refused_with_its_reason(url: str, reason: str) -> None:
    with pytest.raises(WebhookUrlInvalid) as raised:
        check_url(url, allow_private=False)
    assert (raised.value.field, raised.value.params["reason"]) == ("url", reason)


def test_address_is_accepted_without_the_space_around_it() -> None:
    assert (
        check_url(" https://hooks.example:8443/in?x=1 ", allow_private=False)
        == "https://hooks.example:8443/in?x=1"
    )
    assert check_url("http://127.0.0.1:8000/", allow_private=True) == "http://127.0.0.1:8000/"


def test_wait_grows_by_at_most_a_tenth_and_ends_after_the_last_attempt() -> None:
    assert next_wait(1, None, 0) == timedelta(seconds=5)
    assert next_wait(2, None, 1) == timedelta(minutes=5.5)
    assert next_wait(1, timedelta(minutes=2), 0) == timedelta(minutes=2)
    assert next_wait(1, timedelta(days=9), 0) == timedelta(hours=24)
    assert next_wait(len(SCHEDULE), timedelta(minutes=1), 0) is None


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("120", 120), (" 7 ", 7), ("-1", None), ("soon", None), (None, None), ("Sun, 29 Nov 2026 10:01:00 GMT", 60),
     ("Sun, 29 Nov 2026 09:00:00 GMT", 0), ("Sun, 29 Nov 2026 10:01:00", None), ("9" * 5_000, None),
     ("Sun, 29 Nov 2026 10:01:00 +99999999999999999999", None), ("Sun, 29 Nov 99999999999 10:01:00 GMT", None)],
)  # fmt: skip
def test_retry_after_is_seconds_or_a_date(text: str | None, seconds: int | None) -> None:
    expected = None if seconds is None else timedelta(seconds=seconds)
    assert parse_retry_after(text, datetime(2026, 11, 29, 10, tzinfo=UTC)) == expected
