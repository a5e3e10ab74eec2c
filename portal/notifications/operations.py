"""Create notifications, with copies by e-mail, and mark them as read."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from peewee import fn

from models import Notification
from portal.db import query, transaction, work_in_batches
from portal.mail import NOTICE, NOTICES, UNCONFIRMED_NOTICES, queue_letter
from portal.notifications.topics import is_security, topic_of

# An older copy has no value: the portal shows the notification.
COPY_LIFETIME = timedelta(days=3)


def notify(user_id: int, kind: str, dedupe_key: str, **params: Any) -> bool:
    """Create a notification once per `dedupe_key`; return whether it is new.

    A user with a confirmed e-mail address gets a copy of every kind whose topic is not declined. Security
    notifications are sent to any address and cannot be declined.
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
    """Mark the given notifications of a user as read; return how many were unread."""
    return _mark((Notification.user_id == user_id) & Notification.id.in_(notification_ids))


def mark_all_read(user_id: int) -> int:
    """Mark all notifications of a user as read; return how many were unread."""
    return _mark(Notification.user_id == user_id)


def prune_notifications(days: int) -> int:
    """Delete notifications older than some days and return how many."""
    return work_in_batches(
        "notifications",
        """DELETE FROM notifications WHERE id IN (
               SELECT id FROM notifications WHERE created_at < now() - make_interval(days => %s) LIMIT %s)
           RETURNING id""",
        [days],
    )


def _mark(condition: Any) -> int:
    return int(
        Notification.update(read_at=fn.now()).where(condition & Notification.read_at.is_null()).execute()
    )


def _queue_copy(notification_id: int, user_id: int, kind: str, params: dict[str, Any]) -> None:
    for email, locale, is_confirmed in _recipients(user_id, kind):
        queue_letter(
            NOTICE,
            email,
            locale,
            COPY_LIFETIME,
            {"kind": kind, "params": params},
            user_id=user_id,
            dedupe_key=f"notice:{notification_id}",
            # The mailbox of an e-mail that nobody has confirmed may be a stranger's.
            limit=NOTICES if is_confirmed else UNCONFIRMED_NOTICES,
        )


def _recipients(user_id: int, kind: str) -> list[tuple[str, str, bool]]:
    """Return e-mail, language and whether the e-mail is confirmed, [] when no copy of this kind is to be sent."""
    if is_security(kind):
        return query(
            """SELECT email, locale, email_confirmed_at IS NOT NULL FROM users
               WHERE id = %s AND email IS NOT NULL""",
            [user_id],
        )
    topic = topic_of(kind)
    if topic is None:
        return []
    return query(
        """SELECT email, locale, true FROM users WHERE id = %s AND email IS NOT NULL AND email_confirmed_at IS NOT NULL
           AND NOT EXISTS (SELECT FROM mail_preferences p
                           WHERE p.user_id = users.id AND p.topic = %s AND NOT p.wanted)""",
        [user_id, topic],
    )
