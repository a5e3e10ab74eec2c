"""Remove e-mail addresses and phone numbers from free text about an order, which people type without thinking."""

from __future__ import annotations

import re

_EMAIL = re.compile(r"[^\s<>()\[\]\",;:]{1,128}@[^\s<>()\[\]\",;:]{1,255}")
# With a country code or a leading zero: other long numbers are orders and articles.
_PHONE = re.compile(r"(?<!\w)(?:\+[0-9]|\(?0[0-9])[0-9 ()\u00a0-]{6,20}[0-9](?!\w)")
_REMOVED = "…"


def without_addresses(text: str) -> str:
    """Return a text with an ellipsis in place of each e-mail address."""
    return _EMAIL.sub(_REMOVED, text) if "@" in text else text


def without_contacts(text: str) -> str:
    """Return a text with an ellipsis in place of each e-mail address and phone number."""
    return _PHONE.sub(_REMOVED, without_addresses(text))
