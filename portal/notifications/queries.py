"""Read notifications."""

from __future__ import annotations

from models import Notification
from portal.db import Keyset, Page

PAGE_SIZE = 50


def list_notifications(user_id: int, cursor: str | None = None) -> Page[Notification]:
    """Return a page of a user's notifications, newest first; raise CursorInvalid."""
    rows = Notification.select().where(Notification.user_id == user_id)
    newest_first: Keyset[Notification] = Keyset(rows, Notification.id)
    return newest_first.page(cursor, PAGE_SIZE)


def count_unread(user_id: int) -> int:
    """Count the unread notifications of a user."""
    return (
        Notification.select()
        .where((Notification.user_id == user_id) & Notification.read_at.is_null())
        .count()
    )
