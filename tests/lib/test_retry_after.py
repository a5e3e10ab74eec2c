"""Nodes say in different ways when they want to be asked again."""

from __future__ import annotations

import pytest
import requests

from portal.chain.node.transport import retry_after


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("7", 7),
        (" 120 ", 120),
        ("", None),
        ("soon", None),
        ("9" * 5_000, None),
        ("Sun, 29 Nov 2026 10:01:00", None),
        ("Sun, 29 Nov 2026 10:01:00 +99999999999999999999", None),
        ("Sun, 29 Nov 99999999999 10:01:00 GMT", None),
    ],
)
def test_unreadable_time_is_none(text: str, seconds: int | None) -> None:
    answer = requests.Response()
    answer.headers["Retry-After"] = text
    assert retry_after(answer) == seconds
