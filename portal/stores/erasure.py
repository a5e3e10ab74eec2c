"""Forget customers of a connected store: nothing that it reports matches them any longer. See docs/privacy.md."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from models import StoreReferrer
from portal.db import query

_FORGET = """
UPDATE customers SET key = 'erased:' || id WHERE store_id = %s AND key = ANY(%s) AND user_id IS NULL RETURNING id
"""
_CLEAR_EVENTS = """
UPDATE store_events SET snapshot = snapshot || jsonb_build_object(
    'customer', '{}'::jsonb, 'customerKeys', jsonb_build_array('order:' || external_id))
WHERE store_id = %s AND external_id = ANY(%s) AND snapshot IS NOT NULL
"""


def forget_customers(store_id: int, keys: Collection[str]) -> list[int]:
    """Replace the keys of customers of a store and return the ids of the customers."""
    return [row[0] for row in query(_FORGET, [store_id, list(keys)])]


def clear_event_customers(store_id: int, external_ids: Sequence[str]) -> None:
    """Take the buyer out of what a store reported of some orders, by the store's ids of the orders."""
    query(_CLEAR_EVENTS, [store_id, list(external_ids)])


def find_referrer_of_customer(store_id: int, customer: str) -> StoreReferrer | None:
    """Return the referrer behind a customer of a store, by the hash of their id there, locked; or None."""
    mine = (StoreReferrer.store == store_id) & (StoreReferrer.customer == customer)
    referrer: StoreReferrer | None = StoreReferrer.select().where(mine).for_update().first()
    return referrer


def forget_referrer(referrer_id: int) -> None:
    """Replace what a referrer inside a store is recognised by, and end what the store shows of an account."""
    values: dict[str, Any] = {"customer": f"erased:{referrer_id}", "email_key": None, "stated_wallet": None}
    StoreReferrer.update({**values, "user": None, "connected_at": None}).where(
        StoreReferrer.id == referrer_id
    ).execute()
