"""Link wallets to accounts, and unlink them."""

from __future__ import annotations

from models import User, Wallet
from portal.accounts.operations import lock_user
from portal.accounts.queries import find_wallet_owner
from portal.db import Actor, record_event, transaction
from portal.lib.addresses import canonical_address
from portal.lib.errors import PortalError


class WalletTaken(PortalError):
    code = "wallet_taken"


class WalletUnknown(PortalError):
    """The wallet is not linked to this account."""

    code = "wallet_unknown"


class WalletIsOnlySignIn(PortalError):
    """The wallet is the only way to sign in to the account."""

    code = "wallet_is_only_sign_in"


def register_wallet(user_id: int, address: str, actor: Actor) -> str:
    """Link a proven wallet to an account and return its stored form; raise WalletTaken.

    The caller has verified that the person holds the key. The call is idempotent.
    """
    stored = canonical_address(address)
    with transaction():
        added = (
            Wallet.insert(address=stored, user=user_id)
            .on_conflict_ignore()
            .returning(Wallet.address)
            .execute()
        )
        if list(added):
            record_event(actor, "user", user_id, "wallet_linked", data={"address": stored})
        elif find_wallet_owner(stored) != user_id:
            raise WalletTaken(field="address")
    return stored


def release_wallet(user_id: int, address: str, actor: Actor) -> str:
    """Unlink a wallet and return its stored form; raise WalletUnknown or WalletIsOnlySignIn."""
    stored = canonical_address(address)
    with transaction():
        lock_user(user_id)  # concurrent calls must not unlink the last two wallets of an account
        wallets = {row.address for row in Wallet.select(Wallet.address).where(Wallet.user == user_id)}
        if stored not in wallets:
            raise WalletUnknown(field="address")
        if len(wallets) == 1 and User.get_by_id(user_id).password_hash is None:
            raise WalletIsOnlySignIn(field="address")
        Wallet.delete().where(Wallet.address == stored).execute()
        record_event(actor, "user", user_id, "wallet_unlinked", data={"address": stored})
    return stored


def release_all_wallets(user_id: int, actor: Actor) -> list[str]:
    """Unlink every wallet of an account and return them in stored form."""
    with transaction():
        rows = Wallet.delete().where(Wallet.user == user_id).returning(Wallet.address).execute()
        wallets = sorted(row.address for row in rows)
        for address in wallets:
            record_event(actor, "user", user_id, "wallet_unlinked", data={"address": address})
    return wallets
