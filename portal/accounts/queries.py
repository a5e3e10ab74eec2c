"""Read accounts and wallets."""

from __future__ import annotations

from collections.abc import Collection

from models import User, Wallet
from portal.accounts.enabled import account_enabled
from portal.accounts.operations import UserUnknown
from portal.db import Keyset, Page

WALLETS_PAGE = 20


def find_user(user_id: int) -> User | None:
    """Return an account or None."""
    return User.get_or_none(User.id == user_id)


def get_user(user_id: int) -> User:
    """Return an account; raise UserUnknown."""
    user = find_user(user_id)
    if user is None:
        raise UserUnknown
    return user


def list_admin_ids() -> list[int]:
    """Return the ids of the admins who can sign in."""
    active_admins = (User.role == "admin") & account_enabled()
    return [row.id for row in User.select(User.id).where(active_admins).order_by(User.id)]


def list_wallet_addresses(user_id: int) -> list[str]:
    """Return the linked wallets of a person in stored form, oldest first."""
    rows = (
        Wallet.select(Wallet.address)
        .where(Wallet.user == user_id)
        .order_by(Wallet.created_at, Wallet.address)
    )
    return [row.address for row in rows]


def page_of_wallets(user_id: int, cursor: str | None = None) -> Page[Wallet]:
    """Return a page of the linked wallets of a person, oldest first; raise CursorInvalid."""
    oldest_first: Keyset[Wallet] = Keyset(
        Wallet.select().where(Wallet.user == user_id), Wallet.created_at, Wallet.address, ascending=True
    )
    return oldest_first.page(cursor, WALLETS_PAGE)


def names_of_users(user_ids: Collection[int]) -> dict[int, str]:
    """Return the names of those of the accounts that exist, by id."""
    rows = User.select(User.id, User.name).where(User.id.in_(list(user_ids)))
    return {user.id: user.name for user in rows}


def find_wallet_owner(address: str) -> int | None:
    """Return the id of the account a wallet, in stored form, is linked to, or None."""
    row = Wallet.get_or_none(Wallet.address == address)
    return row.user_id if row else None
