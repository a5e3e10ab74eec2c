"""Which accounts may be used: the one definition that sign-in, sessions, links, codes and checkout ask."""

from __future__ import annotations

from typing import Any

from models import User
from portal.lib.errors import PortalError


class AccountDisabled(PortalError):
    """An admin disabled the account."""

    code = "account_disabled"


class AccountErased(PortalError):
    """The personal data of the account was erased; it stays closed."""

    code = "account_erased"


def account_enabled() -> Any:
    """Return the condition of an account that may be used, for a query that reads or joins `User`."""
    return User.disabled_at.is_null()


def is_enabled(user_id: int) -> bool:
    """Return whether an account may be used."""
    return User.select().where((User.id == user_id) & account_enabled()).exists()


def require_enabled(user_id: int) -> None:
    """Check that an account may be used; raise AccountDisabled."""
    if not is_enabled(user_id):
        raise AccountDisabled
