"""People: accounts, roles, passwords, linked wallets, and who referred them.

`operations` changes accounts, `queries` reads them. Sessions and forms live in `portal.web`.
"""

from portal.accounts.operations import (
    CredentialsWrong,
    EmailTaken,
    Referrer,
    UserUnknown,
    WalletTaken,
    change_password,
    check_credentials,
    create_user,
    grant_membership,
    lock_user,
    register_wallet,
    set_locale,
    set_password,
    validate_sign_up,
)
from portal.accounts.queries import find_user, find_user_by_email, get_user, list_wallet_addresses

__all__ = [
    "CredentialsWrong",
    "EmailTaken",
    "Referrer",
    "UserUnknown",
    "WalletTaken",
    "change_password",
    "check_credentials",
    "create_user",
    "find_user",
    "find_user_by_email",
    "get_user",
    "grant_membership",
    "list_wallet_addresses",
    "lock_user",
    "register_wallet",
    "set_locale",
    "set_password",
    "validate_sign_up",
]
