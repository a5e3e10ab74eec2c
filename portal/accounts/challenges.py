"""Challenges: messages to sign, each valid for one proof, one holder, one address and a few minutes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from peewee import SQL, fn

from models import WalletChallenge
from portal.accounts.rules import (
    CHALLENGE_LIFETIME,
    NONCE_LENGTH,
    SHARED_CHALLENGE_LIFETIME,
    STATEMENTS,
    SignInMessage,
)
from portal.db import query
from portal.lib.errors import PortalError
from portal.lib.ids import random_text

# Expired challenges stay for a while, so that a late signature is answered "expired" and not "unknown".
_KEPT_AFTER_EXPIRY = timedelta(hours=1)


class ChallengeUnknown(PortalError):
    """There is no open challenge: none was requested by this holder, or it was already used."""

    code = "challenge_unknown"


class ChallengeExpired(PortalError):
    """The challenge has expired."""

    code = "challenge_expired"


@dataclass(frozen=True)
class Holder:
    """Who can answer: an account that links a wallet or confirms with one, or a session that signs in with one."""

    user_id: int | None = None
    session_key: str | None = None
    confirms: bool = False

    @property
    def purpose(self) -> str:
        if self.user_id is None:
            return "sign_in"
        return "confirm" if self.confirms else "link"


def open_challenge(
    holder: Holder, stored: str, shown: str, app_url: str, chain_id: int, *, is_shared: bool = False
) -> WalletChallenge:
    """Store a new challenge for a holder and an address, in stored and in EIP-55 form; it replaces the previous one.

    That of a wallet which several people may share is valid for longer.
    """
    ((now,),) = query("SELECT date_trunc('milliseconds', clock_timestamp())")
    nonce = random_text(NONCE_LENGTH)
    expires_at = now + (SHARED_CHALLENGE_LIFETIME if is_shared else CHALLENGE_LIFETIME)
    message = SignInMessage(app_url, shown, STATEMENTS[holder.purpose], chain_id, nonce, now, expires_at)
    row_id = WalletChallenge.insert(
        nonce=nonce,
        purpose=holder.purpose,
        user_id=holder.user_id,
        session_key=holder.session_key,
        address=stored,
        message=str(message),
        created_at=now,
        expires_at=expires_at,
    ).execute()
    return WalletChallenge.get_by_id(row_id)


def get_open_challenge(holder: Holder, stored: str) -> WalletChallenge:
    """Return the newest challenge of a holder and an address; raise ChallengeUnknown or ChallengeExpired."""
    is_late = (WalletChallenge.expires_at <= fn.clock_timestamp()).alias("is_late")
    row: Any = (
        WalletChallenge.select(WalletChallenge, is_late)
        .where(
            (WalletChallenge.address == stored)
            & (WalletChallenge.purpose == holder.purpose)
            & _is_held_by(holder)
        )
        .order_by(WalletChallenge.id.desc())
        .first()
    )
    if row is None or row.used_at is not None:
        raise ChallengeUnknown
    if row.is_late:
        raise ChallengeExpired
    challenge: WalletChallenge = row
    return challenge


def use_challenge(challenge_id: int) -> None:
    """Use a challenge; of concurrent calls one succeeds. Raises ChallengeUnknown."""
    spent = (
        WalletChallenge.update(used_at=fn.now())
        .where(
            (WalletChallenge.id == challenge_id)
            & WalletChallenge.used_at.is_null()
            & (WalletChallenge.expires_at > fn.clock_timestamp())
        )
        .execute()
    )
    if not spent:
        raise ChallengeUnknown


def cancel_challenges(user_id: int) -> None:
    """Make the open messages to sign of an account unusable."""
    WalletChallenge.update(used_at=fn.now()).where(
        (WalletChallenge.user == user_id) & WalletChallenge.used_at.is_null()
    ).execute()


def prune_challenges() -> int:
    """Delete challenges that expired more than an hour ago and return their number."""
    long_gone = WalletChallenge.expires_at < SQL("now() - %s", [_KEPT_AFTER_EXPIRY])
    return int(WalletChallenge.delete().where(long_gone).execute())


def _is_held_by(holder: Holder) -> Any:
    if holder.user_id is not None:
        return WalletChallenge.user == holder.user_id
    return WalletChallenge.session_key == holder.session_key
