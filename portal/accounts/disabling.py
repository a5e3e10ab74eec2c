"""Disable accounts and enable them again. See docs/rules/accounts.md."""

from __future__ import annotations

from peewee import fn

from models import User
from portal.accounts.challenges import cancel_challenges
from portal.accounts.enabled import AccountErased, account_enabled, require_enabled
from portal.accounts.links import LINK_LIFETIMES, close_links
from portal.accounts.operations import lock_user
from portal.accounts.queries import get_user
from portal.accounts.roles import lock_with_admins, require_other_admin
from portal.accounts.sessions import end_other_sessions
from portal.db import Actor, record_event, transaction
from portal.lib.errors import PortalError
from portal.lib.texts import clean_text

REASON_MAX = 500


class OwnAccount(PortalError):
    """Nobody disables the account they are signed in with."""

    code = "own_account"


class DisablingReasonMissing(PortalError):
    """Disabling an account needs a reason, which only admins see."""

    code = "reason_missing"


def disable_account(user_id: int, reason: str, actor: Actor) -> bool:
    """Close every way into an account and return whether that changed it.

    Sessions, e-mailed links and messages to sign end now. Password, wallets and second factor stay, and are refused
    until the account is enabled. Raises DisablingReasonMissing, CharacterRefused, OwnAccount or LastAdmin.
    """
    text = clean_text(reason, "reason")
    if not 1 <= len(text) <= REASON_MAX:
        raise DisablingReasonMissing(field="reason", at_most=REASON_MAX)
    if actor.user_id == user_id:
        raise OwnAccount
    with transaction():
        lock_with_admins(user_id)
        user = get_user(user_id)
        if user.disabled_at is not None:
            return False
        require_other_admin(user)
        User.update(disabled_at=fn.now()).where((User.id == user_id) & account_enabled()).execute()
        for purpose in LINK_LIFETIMES:
            close_links(purpose, user_id)
        cancel_challenges(user_id)
        end_other_sessions(user_id, None, "account_disabled", actor)
        record_event(actor, "user", user_id, "account_disabled", reason=text)
    return True


def lock_enabled_user(user_id: int) -> None:
    """Lock an account until the transaction ends, as `lock_user` does; raise AccountDisabled."""
    lock_user(user_id)
    require_enabled(user_id)


def enable_account(user_id: int, actor: Actor) -> bool:
    """Let an account be used again and return whether that changed it; ended sessions and links stay ended.

    Raises AccountErased.
    """
    with transaction():
        if get_user(user_id).erased_at is not None:
            raise AccountErased
        changed = (
            User.update(disabled_at=None)
            .where((User.id == user_id) & User.disabled_at.is_null(False) & User.erased_at.is_null())
            .execute()
        )
        if changed:
            record_event(actor, "user", user_id, "account_enabled")
    return bool(changed)
