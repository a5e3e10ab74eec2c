"""Requests for the erasure of an account, and the account without its personal data. See docs/privacy.md."""

from __future__ import annotations

from typing import Any

from peewee import fn

from models import User
from portal.accounts.enabled import AccountErased
from portal.accounts.queries import get_user
from portal.accounts.roles import lock_with_admins, require_other_admin
from portal.db import Actor, record_event, transaction


def pseudonym(user_id: int) -> str:
    """Return the name under which the ledger rows of an erased account stay."""
    return f"erased-{user_id}"


def request_erasure(user_id: int, asked_by: int) -> bool:
    """Record that an account is to be erased and return whether that is new; raise AccountErased or UserUnknown."""
    with transaction():
        if get_user(user_id).erased_at is not None:
            raise AccountErased
        values: dict[str, Any] = {"erasure_requested_at": fn.now(), "erasure_requested_by": asked_by}
        idle = User.erasure_requested_at.is_null() & User.erased_at.is_null()
        changed = User.update(values).where((User.id == user_id) & idle).execute()
        if changed:
            record_event(Actor.user(asked_by), "user", user_id, "erasure_requested")
    return bool(changed)


def withdraw_erasure(user_id: int, actor: Actor) -> bool:
    """End a request for erasure and return whether there was one."""
    with transaction():
        values: dict[str, Any] = {"erasure_requested_at": None, "erasure_requested_by": None}
        waiting = User.erasure_requested_at.is_null(False)
        changed = User.update(values).where((User.id == user_id) & waiting).execute()
        if changed:
            record_event(actor, "user", user_id, "erasure_withdrawn")
    return bool(changed)


def lock_for_erasure(user_id: int) -> User:
    """Return an account, locked together with all admins until the transaction ends.

    Raises UserUnknown, or LastAdmin if nobody could sign in as an admin afterwards.
    """
    lock_with_admins(user_id)
    user = get_user(user_id)
    require_other_admin(user)
    return user


def mark_erased(user_id: int, actor: Actor) -> bool:
    """Take name, e-mail, password, role and language from an account, close it, and return whether it was not erased.

    The row stays under a pseudonym, since ledgers refer to it. The account is locked.
    """
    values: dict[str, Any] = {
        "email": None,
        "email_confirmed_at": None,
        "name": pseudonym(user_id),
        "password_hash": None,
        "role": "user",
        "locale": "en",
        "disabled_at": fn.coalesce(User.disabled_at, fn.now()),
        "erased_at": fn.now(),
        "erasure_requested_at": None,
        "erasure_requested_by": None,
    }
    changed = User.update(values).where((User.id == user_id) & User.erased_at.is_null()).execute()
    if changed:
        record_event(actor, "user", user_id, "account_erased")
    return bool(changed)
