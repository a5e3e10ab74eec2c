"""End what else opens an account after a sensitive change. See docs/rules/accounts.md."""

from __future__ import annotations

from dataclasses import dataclass

from portal.accounts import close_pending_links, end_other_sessions
from portal.db import Actor


@dataclass(frozen=True)
class CurrentSession:
    """The session that makes a change, None for a command, and whether its owner keeps the other ones."""

    id: int | None = None
    keeps_others: bool = False


def end_other_access(user_id: int, session: CurrentSession, why: str, actor: Actor) -> None:
    """End the other sessions of an account unless they are kept, and its pending links in any case.

    Someone who was in the account before the change could have requested a link.
    """
    if not session.keeps_others:
        end_other_sessions(user_id, session.id, why, actor)
    close_pending_links(user_id)
