"""Read stores and their customers."""

from __future__ import annotations

from models import Customer, Store
from portal.stores.rules import BUILT_IN_STORE_ID, StoreUnknown, customer_key_of_user


def get_store(store_id: int) -> Store:
    """Return a store; raise StoreUnknown."""
    store = Store.get_or_none(Store.id == store_id)
    if store is None:
        raise StoreUnknown
    return store


def find_customer_of_user(user_id: int) -> Customer | None:
    """Return the customer that an account is in the built-in shop, or None before its first order."""
    key = customer_key_of_user(user_id)
    return Customer.get_or_none((Customer.store == BUILT_IN_STORE_ID) & (Customer.key == key))
