"""What the navigation of every page counts."""

from __future__ import annotations

from dataclasses import dataclass

from portal.db import query

_OF_READER = "(SELECT count(*) FROM notifications WHERE user_id = %s AND read_at IS NULL)"
_OF_ADMINS = """(SELECT count(*) FROM payment_events WHERE outcome = 'unmatched' AND closed_at IS NULL)
    + (SELECT count(*) FROM proposals WHERE status = 'waiting' AND expires_at > now())"""


@dataclass(frozen=True, slots=True)
class Attention:
    """How many notifications a person has not read, and how many payments and proposals wait for an admin."""

    unread: int = 0
    payment_work: int = 0


def count_attention(user_id: int, *, is_admin: bool) -> Attention:
    """Return what waits for a person, in one statement."""
    ((unread, payment_work),) = query(f"SELECT {_OF_READER}, {_OF_ADMINS if is_admin else 0}", [user_id])
    return Attention(unread, payment_work)
