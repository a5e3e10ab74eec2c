"""Accounts: sign up, in and out, security, the second factor, notifications."""

from portal.web.account import (
    confirmation,
    credit,
    entry,
    notifications,
    recovery,
    second_factor,
    security,
    sign_in_code,
    wallets,
)
from portal.web.account.blueprint import blueprint
from portal.web.account.identity import begin_session, login_manager, signed_in_id

__all__ = [
    "begin_session",
    "blueprint",
    "confirmation",
    "credit",
    "entry",
    "login_manager",
    "notifications",
    "recovery",
    "second_factor",
    "security",
    "sign_in_code",
    "signed_in_id",
    "wallets",
]
