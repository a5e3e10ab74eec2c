"""Tell people things: a row for the bell, and a letter to whoever wants the event by e-mail as well."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from peewee import fn

from models import Notification
from portal.db import query, transaction
from portal.mail import queue_letter
from portal.notifications.topics import is_security, topic_of

# After that a copy tells nothing that the portal does not show.
COPY_LIFETIME = timedelta(days=3)


def notify(user_id: int, kind: str, dedupe_key: str, **params: Any) -> bool:
    """Leave a notification once per `dedupe_key`; return whether it is new.

    Whoever has a confirmed e-mail gets a copy of the kinds they did not decline; what touches the account's
    security goes to any e-mail and cannot be declined.
    """
    with transaction():
        added = list(
            Notification.insert(user_id=user_id, kind=kind, params=params, dedupe_key=dedupe_key)
            .on_conflict_ignore()
            .returning(Notification.id)
            .execute()
        )
        for row in added:
            _queue_copy(row.id, user_id, kind, params)
    return bool(added)


def mark_read(user_id: int, notification_ids: list[int]) -> int:
    """Mark some of a person's notifications as read and return how many were not yet."""
    return _mark((Notification.user_id == user_id) & Notification.id.in_(notification_ids))


def mark_all_read(user_id: int) -> int:
    """Mark every notification of a person as read and return how many were not yet."""
    return _mark(Notification.user_id == user_id)


def _mark(condition: Any) -> int:
    return int(
        Notification.update(read_at=fn.now()).where(condition & Notification.read_at.is_null()).execute()
    )


def _queue_copy(notification_id: int, user_id: int, kind: str, params: dict[str, Any]) -> None:
    for email, locale in _readers(user_id, kind):
        queue_letter(
            "notice",
            email,
            locale,
            COPY_LIFETIME,
            {"kind": kind, "params": params},
            user_id=user_id,
            dedupe_key=f"notice:{notification_id}",
        )


def _readers(user_id: int, kind: str) -> list[tuple[str, str]]:
    """Return the e-mail and language of the person, unless they are to get no copy of this kind."""
    if is_security(kind):
        return query("SELECT email, locale FROM users WHERE id = %s AND email IS NOT NULL", [user_id])
    topic = topic_of(kind)
    if topic is None:
        return []
    return query(
        """SELECT email, locale FROM users WHERE id = %s AND email IS NOT NULL AND email_confirmed_at IS NOT NULL
           AND NOT EXISTS (SELECT FROM mail_preferences p
                           WHERE p.user_id = users.id AND p.topic = %s AND NOT p.wanted)""",
        [user_id, topic],
    )
