"""Customers of a store who refer people, and the accounts that their owners have connected.

A store names its customer and never an account. See docs/rules/stores.md.
"""

from __future__ import annotations

from peewee import Expression, fn

from models import Store, StoreReferrer
from portal.db import Actor, Keyset, Page, record_event, transaction
from portal.lib.errors import PortalError
from portal.stores.customers import customer_hash, customer_keys, email_digest

CONNECTIONS_PAGE = 25


class ReferrerUnknown(PortalError):
    """There is no such customer of a connected store, or none that is connected to this account."""

    code = "store_referrer_unknown"


class ReferrerTaken(PortalError):
    """The customer of the store is connected to another account."""

    code = "store_referrer_taken"


def ensure_referrer(store_id: int, external_id: str, secret: str, email: str | None = None) -> StoreReferrer:
    """Return the referrer behind a store's customer, locked, and created on the first call.

    The e-mail finds no account. Its keyed hash is stored, so that the customer's own purchases are recognised.
    """
    customer = customer_hash(store_id, external_id, secret)
    StoreReferrer.insert(store=store_id, customer=customer).on_conflict_ignore().execute()
    mine = (StoreReferrer.store == store_id) & (StoreReferrer.customer == customer)
    referrer: StoreReferrer = StoreReferrer.select().where(mine).for_update().get()
    if email and email.strip():
        (referrer.email_key,) = customer_keys(
            store_id, secret, email_sha256=email_digest(email), external_id=None
        )
        StoreReferrer.update(email_key=referrer.email_key).where(StoreReferrer.id == referrer.id).execute()
    return referrer


def set_own_user(referrer: StoreReferrer, user_id: int) -> None:
    """Store which user stands for a store's customer until an account is connected."""
    StoreReferrer.update(own_user=user_id).where(StoreReferrer.id == referrer.id).execute()
    referrer.own_user_id = user_id


def set_stated_wallet(referrer: StoreReferrer, wallet: str) -> None:
    """Store the wallet that a store names for its customer, in stored form; it is offered to the owner, never paid."""
    StoreReferrer.update(stated_wallet=wallet).where(StoreReferrer.id == referrer.id).execute()
    referrer.stated_wallet = wallet


def get_referrer(referrer_id: int) -> StoreReferrer:
    """Return a referrer with its store; raise ReferrerUnknown, also where the store is disconnected."""
    rows = StoreReferrer.select(StoreReferrer, Store).join(Store)
    referrer: StoreReferrer | None = rows.where((StoreReferrer.id == referrer_id) & Store.active).first()
    if referrer is None:
        raise ReferrerUnknown
    return referrer


def connect_referrer(referrer_id: int, user_id: int) -> None:
    """Connect a store's customer to the account of the person who decides so; raise ReferrerTaken."""
    with transaction():
        connected = (
            StoreReferrer.update(user=user_id, connected_at=fn.now())
            .where((StoreReferrer.id == referrer_id) & StoreReferrer.user.is_null())
            .execute()
        )
        if connected:
            record_event(
                Actor.user(user_id),
                "user",
                user_id,
                "store_account_connected",
                data={"referrer": referrer_id},
            )
        elif StoreReferrer.get_by_id(referrer_id).user_id != user_id:
            raise ReferrerTaken


def disconnect_referrer(referrer_id: int, user_id: int) -> None:
    """End what a store may show of an account; raise ReferrerUnknown."""
    if not _disconnect(user_id, StoreReferrer.id == referrer_id, Actor.user(user_id)):
        raise ReferrerUnknown


def disconnect_all_referrers(user_id: int, actor: Actor) -> None:
    """End what any store may show of an account."""
    _disconnect(user_id, StoreReferrer.user == user_id, actor)


def _disconnect(user_id: int, chosen: Expression, actor: Actor) -> int:
    """Disconnect the chosen customers of stores from an account and return how many were connected."""
    with transaction():
        ended = (
            StoreReferrer.update(user=None, connected_at=None)
            .where(chosen & (StoreReferrer.user == user_id))
            .returning(StoreReferrer.id)
            .execute()
        )
        ids = [row.id for row in ended]
        for referrer_id in ids:
            data = {"referrer": referrer_id}
            record_event(actor, "user", user_id, "store_account_disconnected", data=data)
    return len(ids)


def list_connections(user_id: int, cursor: str | None = None) -> Page[StoreReferrer]:
    """Return a page of the stores' customers that an account is connected to, with their stores, newest first.

    Raises CursorInvalid.
    """
    rows = StoreReferrer.select(StoreReferrer, Store).join(Store).where(StoreReferrer.user == user_id)
    newest_first: Keyset[StoreReferrer] = Keyset(rows, StoreReferrer.id)
    return newest_first.page(cursor, CONNECTIONS_PAGE)
