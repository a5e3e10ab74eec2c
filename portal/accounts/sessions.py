"""Sign-in sessions: a random token in the cookie, its hash in a row that the owner can see and end."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from typing import Any

from peewee import SQL, fn

from models import User, UserSession
from portal.accounts.devices import Device
from portal.accounts.enabled import account_enabled
from portal.db import Actor, Keyset, Page, record_event, transaction, work_in_batches
from portal.lib.errors import PortalError

TOUCH_SECONDS = 60  # page views update a session at most this often
PENDING_MINUTES = 10  # to enter the code of the second factor
SESSIONS_PAGE = 50

# As text: every request of a signed-in person asks this, and building the statement takes longer than answering it.
_FIND = """
SELECT u.*, s.id AS session_id, s.last_seen_at < now() - make_interval(secs => %s) AS is_stale,
    EXISTS (SELECT FROM second_factors f WHERE f.user_id = u.id AND f.enabled_at IS NOT NULL) AS has_second_factor,
    extract(epoch FROM now() - s.confirmed_at)::bigint AS proof_age
FROM user_sessions s JOIN users u ON u.id = s.user_id
WHERE s.token_hash = %s AND s.ended_at IS NULL AND NOT s.awaits_second_factor
    AND s.last_seen_at > now() - make_interval(hours => %s)
    AND s.created_at > now() - make_interval(hours => %s) AND u.disabled_at IS NULL
"""


class SessionUnknown(PortalError):
    """The session does not belong to this account, or it has ended."""

    code = "session_unknown"


@dataclass(frozen=True)
class OpenSession:
    """A live session and its account; `seconds_since_proof` counts from the last proof of identity."""

    id: int
    user: User
    has_second_factor: bool
    seconds_since_proof: int


@dataclass(frozen=True)
class SessionLimits:
    """The hours after which a session ends: without use, and in total."""

    idle_hours: int
    total_hours: int


def start_session(user_id: int, device: Device, *, awaits_second_factor: bool = False) -> str:
    """Open a session and return its token, which is stored only as a hash."""
    token = secrets.token_urlsafe(32)
    UserSession.insert(
        user=user_id,
        token_hash=hash_token(token),
        awaits_second_factor=awaits_second_factor,
        browser=device.browser,
        system=device.system,
        network=device.network,
    ).execute()
    return token


def find_session(token: str, limits: SessionLimits) -> OpenSession | None:
    """Return the live session of a token, None also for a disabled account; record its use from time to time."""
    rows = User.raw(_FIND, TOUCH_SECONDS, hash_token(token), limits.idle_hours, limits.total_hours)
    user: Any = next(iter(rows), None)
    if user is None:
        return None
    if user.is_stale:
        UserSession.update(last_seen_at=fn.now()).where(UserSession.id == user.session_id).execute()
    return OpenSession(user.session_id, user, user.has_second_factor, user.proof_age)


def find_pending_session(token: str) -> UserSession | None:
    """Return a session that awaits the second factor, None when it has ended or expired."""
    in_time = UserSession.created_at > SQL("now() - make_interval(mins => %s)", [PENDING_MINUTES])
    row: UserSession | None = (
        UserSession.select(UserSession, User)
        .join(User)
        .where(_is_open(token) & UserSession.awaits_second_factor & in_time & account_enabled())
        .first()
    )
    return row


def list_sessions(user_id: int, limits: SessionLimits, cursor: str | None = None) -> Page[UserSession]:
    """Return a page of an account's live sessions, most recently used first; raise CursorInvalid."""
    mine = (UserSession.user == user_id) & UserSession.ended_at.is_null() & ~UserSession.awaits_second_factor
    rows = UserSession.select().where(mine & _is_young(limits))
    latest_first: Keyset[UserSession] = Keyset(rows, UserSession.last_seen_at, UserSession.id)
    return latest_first.page(cursor, SESSIONS_PAGE)


def end_session(user_id: int, session_id: int, why: str, actor: Actor) -> None:
    """End a session of an account; raise SessionUnknown."""
    with transaction():
        if not _end((UserSession.user == user_id) & (UserSession.id == session_id), why):
            raise SessionUnknown
        record_event(actor, "user", user_id, "session_ended", reason=why, data={"session": session_id})


def end_other_sessions(user_id: int, kept_id: int | None, why: str, actor: Actor) -> int:
    """End every session of an account but one, pending sign-ins included, and return their number."""
    with transaction():
        ended = _end((UserSession.user == user_id) & (UserSession.id != (kept_id or 0)), why)
        if ended:
            record_event(actor, "user", user_id, "sessions_ended", reason=why, data={"count": ended})
    return ended


def rotate_session(session_id: int, *, proven: bool = False) -> str:
    """Replace the token of a session and return the new one; `proven` records a proof of identity."""
    token = secrets.token_urlsafe(32)
    values: dict[str, Any] = {"token_hash": hash_token(token)}
    if proven:
        values["confirmed_at"] = fn.now()
    changed = (
        UserSession.update(values)
        .where((UserSession.id == session_id) & UserSession.ended_at.is_null())
        .execute()
    )
    if not changed:
        raise SessionUnknown
    return token


def is_known_place(user_id: int, network: str) -> bool:
    """Return whether an account has signed in from a network in the last months."""
    return bool(
        network
        and UserSession.select()
        .where(
            (UserSession.user == user_id)
            & (UserSession.network == network)
            & ~UserSession.awaits_second_factor
        )
        .exists()
    )


def prune_sessions(limits: SessionLimits, days: int) -> int:
    """Delete sessions that were not used for some days and return their number.

    Ended ones are kept as long, so that familiar networks stay known.
    """
    return work_in_batches(
        "sessions",
        """DELETE FROM user_sessions WHERE id IN (
               SELECT id FROM user_sessions WHERE last_seen_at < now() - make_interval(hours => %s) LIMIT %s)
           RETURNING id""",
        [max(days * 24, limits.idle_hours)],
    )


def hash_token(token: str) -> str:
    """Return the stored hash of a token; it has 256 random bits, so a plain hash is enough."""
    return hashlib.sha256(token.encode()).hexdigest()


def _is_open(token: str) -> Any:
    return (UserSession.token_hash == hash_token(token)) & UserSession.ended_at.is_null()


def _is_young(limits: SessionLimits) -> Any:
    used = UserSession.last_seen_at > SQL("now() - make_interval(hours => %s)", [limits.idle_hours])
    return used & (UserSession.created_at > SQL("now() - make_interval(hours => %s)", [limits.total_hours]))


def _end(condition: Any, why: str) -> int:
    values: dict[str, Any] = {"ended_at": fn.now(), "ended_why": why}
    return int(UserSession.update(values).where(condition & UserSession.ended_at.is_null()).execute())
