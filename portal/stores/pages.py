"""The public id of a connected store, and when its pages last loaded the snippet."""

from __future__ import annotations

from peewee import SQL, fn

from models import Store
from portal.stores.rules import StoreUnknown


def get_store_of_pages(public_id: str) -> Store:
    """Return the connected store that pages name by this public id; raise StoreUnknown."""
    store: Store | None = Store.get_or_none((Store.public_id == public_id) & Store.active)
    if store is None:
        raise StoreUnknown
    return store


def note_snippet_seen(store_id: int) -> None:
    """Record that the snippet runs on pages of a store, at most once a minute."""
    Store.update(snippet_seen_at=fn.now()).where(
        (Store.id == store_id)
        & (Store.snippet_seen_at.is_null() | (Store.snippet_seen_at < SQL("now() - interval '1 minute'")))
    ).execute()
