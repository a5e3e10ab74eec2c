"""Sign-ins, failures and refusals as event rows, which are log lines too. See docs/rules/accounts.md.

They hold no password, code or token. An e-mail without an account appears as a pseudonym only.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from models import EventLog
from portal.accounts import Device, email_pseudonym, find_user_by_email
from portal.db import SYSTEM, Actor, Keyset, Page, query, record_event
from portal.settings import Settings

SIGNED_IN, FAILED, REFUSED = "signed_in", "sign_in_failed", "sign_in_refused"
PAGE_SIZE = 50
_REFUSED_ACCESS = "access_refused"
_REFUSALS_MINUTES = 60


@dataclass(frozen=True)
class SignInRecord:
    """An attempt to sign in; `event` is signed_in, sign_in_failed or sign_in_refused, `network` the short address."""

    id: int
    at: datetime
    event: str
    method: str
    browser: str
    system: str
    network: str


def record_sign_in(user_id: int, method: str, device: Device) -> None:
    """Record that a session was opened by `method`: password, wallet, second_factor, recovery_code or registration."""
    record_event(Actor.user(user_id), "user", user_id, SIGNED_IN, data=_data(method, device))


def record_failure(user_id: int, method: str, device: Device) -> None:
    """Record an incorrect password, code or signature for an account."""
    record_event(SYSTEM, "user", user_id, FAILED, data=_data(method, device))


def record_failed_email(email: str, device: Device, settings: Settings) -> None:
    """Record an incorrect password for a typed e-mail, whether or not it has an account."""
    entity, entity_id = _account(email, settings)
    record_event(SYSTEM, entity, entity_id, FAILED, data=_data("password", device))


def record_paused_email(email: str, device: Device, settings: Settings) -> None:
    """Record once an hour that attempts for a typed e-mail are refused."""
    entity, entity_id = _account(email, settings)
    if not _is_recorded(entity, entity_id, REFUSED):
        record_event(SYSTEM, entity, entity_id, REFUSED, data=_data("password", device))


def record_refused_access(user_id: int, endpoint: str, role: str) -> None:
    """Record once an hour that an account lacks the role that a page needs."""
    if not _is_recorded("user", str(user_id), _REFUSED_ACCESS, endpoint):
        data = {"role": role}
        record_event(Actor.user(user_id), "user", user_id, _REFUSED_ACCESS, reason=endpoint, data=data)


def list_sign_ins(user_id: int, cursor: str | None = None, size: int = PAGE_SIZE) -> Page[SignInRecord]:
    """Return a page of the attempts to sign in to an account, newest first; raise CursorInvalid."""
    rows = EventLog.select().where(
        (EventLog.entity == "user")
        & (EventLog.entity_id == str(user_id))
        & EventLog.event.in_([SIGNED_IN, FAILED, REFUSED])
    )
    newest_first: Keyset[EventLog] = Keyset(rows, EventLog.id)
    page = newest_first.page(cursor, size)
    return Page([_record(row) for row in page.rows], page.next_cursor)


def _record(row: EventLog) -> SignInRecord:
    data = row.data
    texts = (str(data.get(name, "")) for name in ("method", "browser", "system", "network"))
    return SignInRecord(row.id, row.at, row.event, *texts)


def _account(email: str, settings: Settings) -> tuple[str, str]:
    user = find_user_by_email(email)
    if user is not None:
        return "user", str(user.id)
    return "unknown_account", email_pseudonym(email, settings.stored_key)


def _data(method: str, device: Device) -> dict[str, str]:
    return {
        "method": method,
        "browser": device.browser,
        "system": device.system,
        "network": device.network,
    }


def _is_recorded(entity: str, entity_id: str, event: str, reason: str | None = None) -> bool:
    rows = query(
        """SELECT 1 FROM event_log
           WHERE entity = %s AND entity_id = %s AND event = %s AND reason IS NOT DISTINCT FROM %s
               AND at > now() - make_interval(mins => %s) LIMIT 1""",
        [entity, entity_id, event, reason, _REFUSALS_MINUTES],
    )
    return bool(rows)
