"""The ways to sign in to an account, and their removal at the first proof of its mailbox."""

from __future__ import annotations

from models import User
from portal.accounts.challenges import cancel_challenges
from portal.accounts.links import LINK_LIFETIMES, close_links
from portal.accounts.second_factor import remove_second_factor
from portal.accounts.sessions import end_other_sessions
from portal.accounts.wallets import release_all_wallets
from portal.db import Actor, transaction


def remove_sign_in_methods(user_id: int, actor: Actor) -> list[str]:
    """Remove every way into an account and return its former wallets in stored form.

    Password, wallets, second factor, recovery codes, sessions, open links and messages to sign all end. The caller has
    locked the account and sets the new password. See docs/rules/accounts.md.
    """
    with transaction():
        User.update(password_hash=None).where(User.id == user_id).execute()
        cancel_challenges(user_id)
        wallets = release_all_wallets(user_id, actor)
        remove_second_factor(user_id, actor)
        for purpose in LINK_LIFETIMES:
            close_links(purpose, user_id)
        end_other_sessions(user_id, None, "mailbox_proven", actor)
    return wallets
