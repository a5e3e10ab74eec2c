"""The message a wallet signs: EIP-4361, "Sign-In with Ethereum", version 1."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

NONCE_LENGTH = 22  # of 57 characters: 128 bits
CHALLENGE_LIFETIME = timedelta(minutes=10)
# The owners of a contract wallet may have to approve a message one after the other.
SHARED_CHALLENGE_LIFETIME = timedelta(hours=24)

# Always English: the standard allows only ASCII here, and a wallet that cannot parse the message does not compare its
# domain with that of the page, which protects against phishing. The pages explain it in the reader's language.
STATEMENTS = {
    "link": "Link this wallet to my account. This costs nothing and sends no transaction.",
    "confirm": "Confirm that this is me. This costs nothing and sends no transaction.",
    "sign_in": "Sign in with this wallet. This costs nothing and sends no transaction.",
}
# EIP-4361: statement = 1*( reserved / unreserved / " " ), as RFC 3986 defines them.
_STATEMENT = re.compile(r"[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;= ]+")


@dataclass(frozen=True)
class SignInMessage:
    """The fields of a message: `address` in EIP-55 form, aware times, `statement` of the allowed characters."""

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
    """Return host and port of a URL as wallets compare them with the origin of the page."""
    return urlsplit(app_url).netloc.rpartition("@")[2]


def _date_time(moment: datetime) -> str:
    """Return RFC 3339 in UTC with milliseconds."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"
