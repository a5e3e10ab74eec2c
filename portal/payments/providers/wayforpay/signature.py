"""WayForPay's signatures and amounts.

Signatures are lower-case hex HMAC-MD5 over UTF-8 fields joined with `;`. The provider has no canonical text for an
amount, so amounts stay the text that was sent until they are compared as decimals. See docs/rules/payments.md.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterable

from portal.lib.money import InvalidAmount, parse_major

API_VERSION = "1"
DUPLICATE_REFERENCE = 1112
BAD_SIGNATURE = 1113
FORMAT_ERROR = 1109
ORDER_NOT_FOUND = "1127"
AMOUNT = re.compile(r"[0-9]{1,17}(?:\.[0-9]{1,8})?")


def sign(secret: str, fields: Iterable[str]) -> str:
    """Return the signature of the fields, given in the order of their message."""
    return hmac.new(secret.encode(), ";".join(fields).encode(), hashlib.md5).hexdigest()


def is_same_text(given: str, expected: str) -> bool:
    """Compare two signatures in constant time."""
    # As bytes: the standard comparison refuses text beyond ASCII, which an attacker may send.
    return hmac.compare_digest(given.encode(), expected.encode())


def amount_minor(text: str, currency: str) -> int:
    """Return a provider's amount text in minor units, exactly; raise InvalidAmount."""
    if not AMOUNT.fullmatch(text):
        raise InvalidAmount(field="amount")
    return parse_major(text, currency)


def amount_texts(amount: str) -> list[str]:
    """Return the texts of an amount that may have been signed: as sent, minimal, and with two decimals."""
    texts = [amount]
    if AMOUNT.fullmatch(amount):
        minimal = minimal_amount(amount)
        whole, _, decimals = minimal.partition(".")
        texts += [minimal, f"{whole}.{decimals:0<2}"]
    return list(dict.fromkeys(texts))


def minimal_amount(amount: str) -> str:
    """Return the shortest text of the same number; a text that is no amount stays as it is."""
    if not AMOUNT.fullmatch(amount):
        return amount
    whole, _, decimals = amount.partition(".")
    decimals = decimals.rstrip("0")
    return f"{int(whole)}.{decimals}" if decimals else str(int(whole))
