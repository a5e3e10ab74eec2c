"""The text a wallet signs: EIP-4361, "Sign-In with Ethereum", version 1."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

NONCE_LENGTH = 22  # of 57 characters: 128 bits
CHALLENGE_LIFETIME = timedelta(minutes=10)

# English in every language: the standard allows ASCII only here, and a wallet that cannot parse the text no longer
# compares its domain with the page's, which is what protects people. Pages explain it in the reader's language.
STATEMENTS = {
    "link": "Link this wallet to my account. This costs nothing and sends no transaction.",
    "confirm": "Confirm that this is me. This costs nothing and sends no transaction.",
    "sign_in": "Sign in with this wallet. This costs nothing and sends no transaction.",
}
# EIP-4361: statement = 1*( reserved / unreserved / " " ), as RFC 3986 defines them.
_STATEMENT = re.compile(r"[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;= ]+")


@dataclass(frozen=True)
class SignInMessage:
    """The fields of one message; `address` in EIP-55 form, times aware, `statement` of the allowed characters."""

    app_url: str
    address: str
    statement: str
    chain_id: int
    nonce: str
    issued_at: datetime
    expires_at: datetime

    def __str__(self) -> str:
        if not _STATEMENT.fullmatch(self.statement):
            raise ValueError(
                "EIP-4361 allows ASCII letters, digits, spaces and some punctuation in a statement"
            )
        return (
            f"{domain_of(self.app_url)} wants you to sign in with your Ethereum account:\n"
            f"{self.address}\n"
            "\n"
            f"{self.statement}\n"
            "\n"
            f"URI: {self.app_url}\n"
            "Version: 1\n"
            f"Chain ID: {self.chain_id}\n"
            f"Nonce: {self.nonce}\n"
            f"Issued At: {_date_time(self.issued_at)}\n"
            f"Expiration Time: {_date_time(self.expires_at)}"
        )


def domain_of(app_url: str) -> str:
    """Return the host, with its port if the address names one: what a wallet compares with the page's origin."""
    return urlsplit(app_url).netloc.rpartition("@")[2]


def _date_time(moment: datetime) -> str:
    """Return RFC 3339 in UTC, to the millisecond as browsers write it."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"
