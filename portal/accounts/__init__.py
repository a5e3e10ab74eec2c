"""People: accounts, roles, passwords, linked wallets, and who referred them.

`operations` changes accounts, `wallets` links them, `challenges` keeps what a wallet is asked to sign, `rules`
words it, `signals` keeps hashed traces that tell when two accounts may be one person, `queries` reads.
Sessions and forms live in `portal.web`.
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
    grant_membership,
    lock_user,
    revoke_membership,
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
from portal.accounts.signal_rules import is_device, mailbox, network_of
from portal.accounts.signals import prune_signals, record_signals
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
    "is_device",
    "list_wallet_addresses",
    "lock_user",
    "mailbox",
    "network_of",
    "open_challenge",
    "prune_challenges",
    "prune_signals",
    "record_signals",
    "register_wallet",
    "release_wallet",
    "revoke_membership",
    "set_locale",
    "set_password",
    "use_challenge",
    "validate_sign_up",
]
