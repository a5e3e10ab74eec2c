"""Read notifications."""

from __future__ import annotations

from models import Notification

PAGE_SIZE = 50


def list_notifications(user_id: int, before_id: int | None = None) -> list[Notification]:
    """Return one page of a user's notifications, newest first, older than `before_id`."""
    rows = Notification.select().where(Notification.user_id == user_id)
    if before_id is not None:
        rows = rows.where(Notification.id < before_id)
    return list(rows.order_by(Notification.id.desc()).limit(PAGE_SIZE))


def count_unread(user_id: int) -> int:
    """Count the unread notifications of a user."""
    return (
        Notification.select()
        .where((Notification.user_id == user_id) & Notification.read_at.is_null())
        .count()
    )
