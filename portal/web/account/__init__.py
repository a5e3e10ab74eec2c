"""Accounts: sign up, in and out, security, the second factor, notifications."""

from portal.web.account import (
    confirmation,
    credit,
    entry,
    notifications,
    personal_data,
    recovery,
    second_factor,
    security,
    sign_in_code,
    sign_ins,
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
    "personal_data",
    "recovery",
    "second_factor",
    "security",
    "sign_in_code",
    "sign_ins",
    "signed_in_id",
    "wallets",
]
