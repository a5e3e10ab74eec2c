"""What people are told inside the portal; the sentence is made in the reader's language when shown."""

from __future__ import annotations

from typing import Any

from peewee import fn

from models import Notification

PAGE_SIZE = 50

__all__ = ["count_unread", "list_notifications", "mark_all_read", "notify"]


def notify(user_id: int, kind: str, dedupe_key: str, **params: Any) -> bool:
    """Leave a notification once per `dedupe_key`; return whether it is new."""
    added = (
        Notification.insert(user_id=user_id, kind=kind, params=params, dedupe_key=dedupe_key)
        .on_conflict_ignore()
        .returning(Notification.id)
        .execute()
    )
    return bool(list(added))


def list_notifications(user_id: int, before_id: int | None = None) -> list[Notification]:
    """Return a person's notifications, newest first, at most a page, older than `before_id`."""
    rows = Notification.select().where(Notification.user_id == user_id)
    if before_id is not None:
        rows = rows.where(Notification.id < before_id)
    return list(rows.order_by(Notification.id.desc()).limit(PAGE_SIZE))


def count_unread(user_id: int) -> int:
    """Count a person's unread notifications."""
    return (
        Notification.select()
        .where((Notification.user_id == user_id) & Notification.read_at.is_null())
        .count()
    )


def mark_all_read(user_id: int) -> None:
    """Mark a person's notifications as read."""
    Notification.update(read_at=fn.now()).where(
        (Notification.user_id == user_id) & Notification.read_at.is_null()
    ).execute()
