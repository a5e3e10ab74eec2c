"""E-mailed links: each valid once, for one purpose, one address and a short time."""

from __future__ import annotations

import secrets
from datetime import timedelta

from peewee import SQL, fn

from models import AccountLink, User
from portal.accounts.enabled import account_enabled, is_enabled
from portal.db import query
from portal.lib.errors import PortalError

LINK_LIFETIMES = {"reset_password": timedelta(minutes=30), "confirm_email": timedelta(hours=24)}
# Repeated requests must not flood a mailbox.
MOST_OPEN = 3
_QUIET_MINUTES = 15
_KEPT_AFTER_EXPIRY = timedelta(days=7)


class LinkUnusable(PortalError):
    """The link was used, replaced, has expired, or is forged."""

    code = "link_unusable"


def open_link(purpose: str, user_id: int, email: str, session_id: int | None = None) -> str | None:
    """Create a link and return its key; `session_id` is the session that asked for a new e-mail.

    None when too many were created in the last minutes, and for a disabled account.
    """
    if not is_enabled(user_id):
        return None
    rows = query(
        """INSERT INTO account_links (key, purpose, user_id, email, session_id, expires_at)
           SELECT %(key)s, %(purpose)s, %(user)s, %(email)s, %(session)s, now() + %(lifetime)s
           WHERE %(most)s > (SELECT count(*) FROM account_links WHERE user_id = %(user)s AND purpose = %(purpose)s
               AND created_at > now() - make_interval(mins => %(minutes)s))
           RETURNING key""",
        {
            "key": secrets.token_urlsafe(24),
            "purpose": purpose,
            "user": user_id,
            "email": email,
            "session": session_id,
            "lifetime": LINK_LIFETIMES[purpose],
            "most": MOST_OPEN,
            "minutes": _QUIET_MINUTES,
        },
    )
    return str(rows[0][0]) if rows else None


def get_link(purpose: str, key: str) -> AccountLink:
    """Return an open link; raise LinkUnusable, also while its account is disabled."""
    enabled = User.select(User.id).where(account_enabled())
    link: AccountLink | None = AccountLink.get_or_none(
        (AccountLink.key == key)
        & (AccountLink.purpose == purpose)
        & AccountLink.used_at.is_null()
        & (AccountLink.expires_at > fn.now())
        & AccountLink.user.in_(enabled)
    )
    if link is None:
        raise LinkUnusable
    return link


def use_link(purpose: str, key: str) -> AccountLink:
    """Use a link and close every other open one of its account and purpose; raise LinkUnusable.

    Of concurrent calls one succeeds.
    """
    link = get_link(purpose, key)
    spent = (
        AccountLink.update(used_at=fn.now())
        .where(
            (AccountLink.id == link.id) & AccountLink.used_at.is_null() & (AccountLink.expires_at > fn.now())
        )
        .execute()
    )
    if not spent:
        raise LinkUnusable
    close_links(purpose, link.user_id)
    return link


def close_links(purpose: str, user_id: int) -> None:
    """Close every open link of an account and purpose."""
    AccountLink.update(used_at=fn.now()).where(
        (AccountLink.user == user_id) & (AccountLink.purpose == purpose) & AccountLink.used_at.is_null()
    ).execute()


def close_foreign_links(purpose: str, user_id: int, email: str | None) -> None:
    """Close the open links of an account and purpose for any other address than `email`."""
    elsewhere = SQL("lower(email) IS DISTINCT FROM lower(%s)", [email])
    AccountLink.update(used_at=fn.now()).where(
        (AccountLink.user == user_id)
        & (AccountLink.purpose == purpose)
        & AccountLink.used_at.is_null()
        & elsewhere
    ).execute()


def close_pending_links(user_id: int) -> None:
    """Close the open links of an account, except those that prove the mailbox it has for the first time.

    Those are the only way in of the mailbox's owner, no matter who uses the account until then.
    """
    user = User.get_by_id(user_id)
    if user.email_confirmed_at is not None:
        close_links("reset_password", user_id)
    close_foreign_links("confirm_email", user_id, user.email)


def prune_links() -> int:
    """Delete links that expired more than a week ago and return their number."""
    long_gone = AccountLink.expires_at < SQL("now() - %s", [_KEPT_AFTER_EXPIRY])
    return int(AccountLink.delete().where(long_gone).execute())
