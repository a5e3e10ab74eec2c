"""E-mailed links that prove a mailbox: a reset password, a confirmed e-mail. See docs/rules/accounts.md.

The first proof by a visitor who is not signed in to the account removes every way in that was added before it, because
a stranger may have added them. A signed-in owner has shown both the mailbox and a way in, so nothing is removed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from models import AccountLink, User
from portal.accounts import (
    confirm_first_email,
    end_other_sessions,
    get_link,
    get_user,
    has_second_factor,
    list_wallet_addresses,
    lock_user,
    remove_sign_in_methods,
    set_email,
    set_name,
    set_password,
    use_link,
    withdraw_erasure,
)
from portal.chain import checksum
from portal.db import Actor, transaction
from portal.flows.accounts.account_notices import notify_owner
from portal.flows.accounts.end_access import CurrentSession, end_other_access
from portal.flows.accounts.link_wallet import deactivate_wallet_code, unlink_wallet
from portal.flows.accounts.sign_up import find_referrer
from portal.lib.errors import PortalError
from portal.mail import queue_letter
from portal.notifications import choose_all_topics
from portal.programme import withdraw_acceptances
from portal.settings import Settings
from portal.stores import disconnect_all_referrers

_NOTICE_LIFETIME = timedelta(days=3)


class LinkNeedsSignIn(PortalError):
    """Only a person who is signed in to the account of the link can use it."""

    code = "link_needs_sign_in"


class LinkNeedsSession(PortalError):
    """A new e-mail is confirmed in the session that asked for it; this one did not, or that one has ended."""

    code = "link_needs_session"


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


def require_asking_session(link: AccountLink, session_id: int | None) -> None:
    """Check that the session which asked for a new e-mail opens its link; raise LinkNeedsSession."""
    if link.session_id is not None and link.session_id != session_id:
        raise LinkNeedsSession


def reset_password(
    key: str, new: str, unwanted_wallets: Sequence[str], cookie_code: str | None, settings: Settings
) -> User:
    """Set a new password by a link; every session ends. Raises LinkUnusable, InputInvalid.

    `unwanted_wallets` are unlinked, unless a second factor is on: then the mailbox alone does not open the account.
    `cookie_code` is the first touch of the browser, which decides the referrer where this is the first proof.
    """
    with transaction():
        link = _use_link("reset_password", key)
        user, actor = get_user(link.user_id), Actor.user(link.user_id)
        if user.email_confirmed_at is None:
            _take_over(user.id, cookie_code, actor)
        _set_password(user.id, new, "password_reset", actor, settings)
        if not has_second_factor(user.id):
            _unlink(user.id, unwanted_wallets)
    return user


def _unlink(user_id: int, wallets: Sequence[str]) -> None:
    linked = {checksum(address) for address in list_wallet_addresses(user_id)}
    for address in linked.intersection(wallets):
        unlink_wallet(user_id, address, CurrentSession())


def open_account(key: str, password: str, name: str, cookie_code: str | None, settings: Settings) -> User:
    """Confirm the e-mail of a new account and set its password; an empty name keeps the one of the registration.

    `cookie_code` is the first touch of the browser, which decides the referrer. Raises LinkUnusable, LinkNeedsSignIn,
    InputInvalid.
    """
    with transaction():
        link = _use_link("confirm_email", key)
        if not is_registration(link, settings):
            raise LinkNeedsSignIn
        actor = Actor.user(link.user_id)
        _take_over(link.user_id, cookie_code, actor)
        if name.strip():
            set_name(link.user_id, name)
        _set_password(link.user_id, password, "mailbox_proven", actor, settings)
    return get_user(link.user_id)


def confirm_email(key: str, signed_in_id: int | None, session: CurrentSession) -> User:
    """Store the address of a link as the e-mail of the signed-in account; a new address ends other sessions.

    Raises LinkUnusable, LinkNeedsSignIn, LinkNeedsSession, EmailTaken.
    """
    with transaction():
        link = _use_link("confirm_email", key)
        if link.user_id != signed_in_id:
            raise LinkNeedsSignIn
        require_asking_session(link, session.id)
        before = set_email(link.user_id, link.email, Actor.user(link.user_id))
        if (before or "").lower() != link.email.lower():
            end_other_access(link.user_id, session, "email_changed", Actor.user(link.user_id))
        if before and before.lower() != link.email.lower():
            # The previous address is notified; the new one has just been confirmed.
            user = get_user(link.user_id)
            queue_letter("email_changed", before, user.locale, _NOTICE_LIFETIME, user_id=user.id)
    return get_user(link.user_id)


def _use_link(purpose: str, key: str) -> AccountLink:
    """Lock the account of a link, then use the link, in the order of the changes that close pending links."""
    lock_user(get_link(purpose, key).user_id)
    return use_link(purpose, key)


def _take_over(user_id: int, cookie_code: str | None, actor: Actor) -> None:
    """Give an account to the reader of its mailbox: nothing that came before the first proof counts."""
    for address in remove_sign_in_methods(user_id, actor):
        deactivate_wallet_code(user_id, address, actor)
    disconnect_all_referrers(user_id, actor)
    withdraw_erasure(user_id, actor)
    choose_all_topics(user_id, actor)
    withdraw_acceptances(user_id, actor)
    confirm_first_email(user_id, find_referrer(cookie_code, user_id), actor)


def _set_password(user_id: int, password: str, why: str, actor: Actor, settings: Settings) -> None:
    set_password(user_id, password, actor, brand=settings.brand_name)
    end_other_sessions(user_id, None, why, actor)
    notify_owner(user_id, "security_password_changed")
