"""Erase the personal data of an account; its ledger rows stay under a pseudonym. See docs/privacy.md.

One transaction erases everything or nothing, so a process that is killed leaves no half. Erasing again removes what was
written about the account since.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from models import User
from portal.accounts import get_user, list_admin_ids, lock_for_erasure, mark_erased, request_erasure
from portal.codes import list_codes, set_code_active
from portal.db import Actor, texts_erasable, transaction
from portal.flows.personal_data.obstacles import Obstacle, list_obstacles
from portal.flows.personal_data.table import Person
from portal.flows.personal_data.tables import PERSONAL_TABLES
from portal.lib.errors import PortalError
from portal.mail import queue_letter
from portal.notifications import notify

_LETTER_LIFETIME = timedelta(days=3)


class ErasurePrevented(PortalError):
    """Something is still owed to the person or by them; `obstacles` has the reasons."""

    code = "erasure_prevented"

    def __init__(self, obstacles: Sequence[Obstacle]) -> None:
        super().__init__()
        self.obstacles = tuple(obstacles)


class ErasureNotRequested(PortalError):
    """Nobody asked for the erasure, or the request was withdrawn."""

    code = "erasure_not_requested"


class ErasureNeedsAnother(PortalError):
    """An admin erases neither their own account nor one whose erasure they asked for."""

    code = "erasure_needs_another"


def ask_for_erasure(user_id: int, asked_by: int) -> bool:
    """Record that a person wants their data erased and return whether that is new.

    Raises UserUnknown, AccountErased, LastAdmin or ErasurePrevented.
    """
    with transaction():
        lock_for_erasure(user_id)
        _refuse_obstacles(user_id)
        is_new = request_erasure(user_id, asked_by)
        if is_new:
            _notify_admins(user_id, asked_by)
    return is_new


def confirm_erasure(user_id: int, admin_id: int) -> bool:
    """Erase the personal data of a person who asked for it and return whether it was not erased yet.

    Raises UserUnknown, ErasureNeedsAnother, ErasureNotRequested, LastAdmin or ErasurePrevented.
    """
    with transaction():
        user = lock_for_erasure(user_id)
        if admin_id in (user.id, user.erasure_requested_by):
            raise ErasureNeedsAnother
        if user.erased_at is None and user.erasure_requested_at is None:
            raise ErasureNotRequested
        return erase_person(user_id, Actor.user(admin_id))


def erase_person(user_id: int, actor: Actor) -> bool:
    """Erase the personal data of an account and return whether it was not erased yet.

    Raises UserUnknown, LastAdmin or ErasurePrevented.
    """
    with transaction():
        user = lock_for_erasure(user_id)
        is_new = user.erased_at is None
        if is_new:
            _refuse_obstacles(user_id)
            for code in list_codes(user_id):
                set_code_active(code.code, False, actor, by="erased")
        _erase_rows(user)
        mark_erased(user_id, actor)
        if is_new and user.email:
            queue_letter("account_erased", user.email, user.locale, _LETTER_LIFETIME)
    return is_new


def _notify_admins(user_id: int, asked_by: int) -> None:
    requested_at = get_user(user_id).erasure_requested_at.isoformat()
    for admin_id in list_admin_ids():
        if admin_id not in (user_id, asked_by):
            key = f"erasure:{user_id}:{requested_at}:{admin_id}"
            notify(admin_id, "erasure_requested", key, account=str(user_id))


def _refuse_obstacles(user_id: int) -> None:
    if obstacles := list_obstacles(user_id):
        raise ErasurePrevented(obstacles)


def _erase_rows(user: User) -> None:
    """Delete or clear the rows about an account in every table of the list.

    From its end: the texts of rewards are recognised by events, which are cleared after them.
    """
    person = Person(user.id, user.email or "")
    with texts_erasable():
        for table in reversed(PERSONAL_TABLES):
            table.erase(person)
