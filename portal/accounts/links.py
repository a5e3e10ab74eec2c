"""E-mailed links: each valid once, for one purpose, one address and a short time."""

from __future__ import annotations

import secrets
from datetime import timedelta

from peewee import SQL, fn

from models import AccountLink
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


def open_link(purpose: str, user_id: int, email: str) -> str | None:
    """Create a link and return its key; None when too many were created in the last minutes."""
    rows = query(
        """INSERT INTO account_links (key, purpose, user_id, email, expires_at)
           SELECT %(key)s, %(purpose)s, %(user)s, %(email)s, now() + %(lifetime)s
           WHERE %(most)s > (SELECT count(*) FROM account_links WHERE user_id = %(user)s AND purpose = %(purpose)s
               AND created_at > now() - make_interval(mins => %(minutes)s))
           RETURNING key""",
        {
            "key": secrets.token_urlsafe(24),
            "purpose": purpose,
            "user": user_id,
            "email": email,
            "lifetime": LINK_LIFETIMES[purpose],
            "most": MOST_OPEN,
            "minutes": _QUIET_MINUTES,
        },
    )
    return str(rows[0][0]) if rows else None


def get_link(purpose: str, key: str) -> AccountLink:
    """Return an open link; raise LinkUnusable."""
    link: AccountLink | None = AccountLink.get_or_none(
        (AccountLink.key == key)
        & (AccountLink.purpose == purpose)
        & AccountLink.used_at.is_null()
        & (AccountLink.expires_at > fn.now())
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


def prune_links() -> int:
    """Delete links that expired more than a week ago and return their number."""
    long_gone = AccountLink.expires_at < SQL("now() - %s", [_KEPT_AFTER_EXPIRY])
    return int(AccountLink.delete().where(long_gone).execute())
