"""People: accounts, roles, passwords, linked wallets, and who referred them.

`operations` changes accounts, `membership` counts their paid months, `wallets` links wallets, `challenges` keeps what a
wallet is asked to sign, `rules` words it, `queries` reads. Sessions and forms live in `portal.web`.
"""

from portal.accounts.challenges import (
    ChallengeExpired,
    ChallengeUnknown,
    Holder,
    get_open_challenge,
    open_challenge,
    prune_challenges,
    use_challenge,
)
from portal.accounts.membership import (
    Membership,
    grant_membership,
    is_lower,
    read_membership,
    revoke_membership,
)
from portal.accounts.operations import (
    CredentialsWrong,
    EmailTaken,
    PasswordPresent,
    Referrer,
    UserUnknown,
    add_credentials,
    change_password,
    check_credentials,
    create_user,
    create_wallet_user,
    lock_user,
    set_locale,
    set_password,
    validate_sign_up,
)
from portal.accounts.queries import (
    find_user,
    find_user_by_email,
    find_wallet_owner,
    get_user,
    list_wallet_addresses,
)
from portal.accounts.rules import domain_of
from portal.accounts.wallets import (
    WalletIsOnlySignIn,
    WalletTaken,
    WalletUnknown,
    register_wallet,
    release_wallet,
)

__all__ = [
    "ChallengeExpired",
    "ChallengeUnknown",
    "CredentialsWrong",
    "EmailTaken",
    "Holder",
    "Membership",
    "PasswordPresent",
    "Referrer",
    "UserUnknown",
    "WalletIsOnlySignIn",
    "WalletTaken",
    "WalletUnknown",
    "add_credentials",
    "change_password",
    "check_credentials",
    "create_user",
    "create_wallet_user",
    "domain_of",
    "find_user",
    "find_user_by_email",
    "find_wallet_owner",
    "get_open_challenge",
    "get_user",
    "grant_membership",
    "is_lower",
    "list_wallet_addresses",
    "lock_user",
    "open_challenge",
    "prune_challenges",
    "read_membership",
    "register_wallet",
    "release_wallet",
    "revoke_membership",
    "set_locale",
    "set_password",
    "use_challenge",
    "validate_sign_up",
]
