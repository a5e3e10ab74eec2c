"""Security notifications to the owner of an account; their e-mails cannot be turned off."""

from __future__ import annotations

from portal.lib.ids import random_text
from portal.notifications import notify

_KEY_LENGTH = 22


def notify_owner(user_id: int, kind: str, **params: str) -> None:
    """Queue a security notification with its e-mail; call it in the transaction of the change."""
    # Every event is a new one, so the key is random.
    notify(user_id, kind, f"{kind}:{user_id}:{random_text(_KEY_LENGTH)}", **params)
