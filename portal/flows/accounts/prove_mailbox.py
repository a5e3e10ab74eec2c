"""E-mailed links that prove a mailbox: a reset password, a confirmed e-mail. See docs/rules/accounts.md.

The first proof by a visitor who is not signed in to the account removes every way in that was added before it, because
a stranger may have added them. A signed-in owner has shown both the mailbox and a way in, so nothing is removed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from models import AccountLink, User
from portal.accounts import (
    end_other_sessions,
    get_user,
    has_second_factor,
    list_wallet_addresses,
    lock_user,
    remove_sign_in_methods,
    set_email,
    set_name,
    set_password,
    use_link,
)
from portal.chain import checksum
from portal.db import Actor, transaction
from portal.flows.accounts.account_notices import notify_owner
from portal.flows.accounts.link_wallet import deactivate_wallet_code
from portal.lib.errors import PortalError
from portal.mail import queue_letter
from portal.settings import Settings

_NOTICE_LIFETIME = timedelta(days=3)


class LinkNeedsSignIn(PortalError):
    """Only a person who is signed in to the account of the link can use it."""

    code = "link_needs_sign_in"


@dataclass(frozen=True)
class OtherWaysIn:
    """What else opens an account: wallets in EIP-55, and the second factor."""

    wallets: list[str]
    has_second_factor: bool


def find_other_ways_in(user_id: int) -> OtherWaysIn:
    """Return the ways into an account other than its password."""
    wallets = [checksum(address) for address in list_wallet_addresses(user_id)]
    return OtherWaysIn(wallets, has_second_factor(user_id))


def is_registration(link: AccountLink, settings: Settings) -> bool:
    """Return whether a confirmation link opens a new account, whose password is chosen with it."""
    user = get_user(link.user_id)
    if user.email_confirmed_at is not None or user.email != link.email:
        return False
    return settings.registration_confirmation or user.password_hash is None


def needs_password(link: AccountLink, signed_in_id: int | None, settings: Settings) -> bool:
    """Return whether a confirmation link asks for a password; raise LinkNeedsSignIn."""
    if link.user_id == signed_in_id:
        return False
    if not is_registration(link, settings):
        raise LinkNeedsSignIn
    return True


def reset_password(key: str, new: str) -> User:
    """Set a new password by a link; every session ends. Raises LinkUnusable, InputInvalid."""
    with transaction():
        link = use_link("reset_password", key)
        lock_user(link.user_id)
        user, actor = get_user(link.user_id), Actor.user(link.user_id)
        if user.email_confirmed_at is None:
            _remove_other_ways_in(user.id, actor)
            set_email(user.id, link.email, actor)
        _set_password(user.id, new, "password_reset", actor)
    return user


def open_account(key: str, password: str, name: str, settings: Settings) -> User:
    """Confirm the e-mail of a new account and set its password; an empty name keeps the one of the registration.

    Raises LinkUnusable, LinkNeedsSignIn, InputInvalid.
    """
    with transaction():
        link = use_link("confirm_email", key)
        lock_user(link.user_id)
        if not is_registration(link, settings):
            raise LinkNeedsSignIn
        actor = Actor.user(link.user_id)
        _remove_other_ways_in(link.user_id, actor)
        if name.strip():
            set_name(link.user_id, name)
        set_email(link.user_id, link.email, actor)
        _set_password(link.user_id, password, "mailbox_proven", actor)
    return get_user(link.user_id)


def confirm_email(key: str, signed_in_id: int | None) -> User:
    """Store the address of a link as the e-mail of the signed-in account.

    Raises LinkUnusable, LinkNeedsSignIn, EmailTaken.
    """
    with transaction():
        link = use_link("confirm_email", key)
        if link.user_id != signed_in_id:
            raise LinkNeedsSignIn
        before = set_email(link.user_id, link.email, Actor.user(link.user_id))
        if before and before.lower() != link.email.lower():
            # The previous address is notified; the new one has just been confirmed.
            user = get_user(link.user_id)
            queue_letter("email_changed", before, user.locale, _NOTICE_LIFETIME, user_id=user.id)
    return get_user(link.user_id)


def _remove_other_ways_in(user_id: int, actor: Actor) -> None:
    for address in remove_sign_in_methods(user_id, actor):
        deactivate_wallet_code(user_id, address, actor)


def _set_password(user_id: int, password: str, why: str, actor: Actor) -> None:
    set_password(user_id, password, actor)
    end_other_sessions(user_id, None, why, actor)
    notify_owner(user_id, "security_password_changed")
