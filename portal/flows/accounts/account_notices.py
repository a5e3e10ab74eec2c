"""Tell the owner of an account what happened to it; these letters cannot be declined."""

from __future__ import annotations

from portal.lib.ids import random_text
from portal.notifications import notify

_KEY_LENGTH = 22


def tell_owner(user_id: int, kind: str, **params: str) -> None:
    """Leave a notification and a letter about the account's security; call it in the transaction of its cause."""
    # Each happens anew, so nothing is told twice by itself.
    notify(user_id, kind, f"{kind}:{user_id}:{random_text(_KEY_LENGTH)}", **params)
