"""Stores and their customers. The built-in shop is store 1; a connected store reports its orders."""

from portal.stores.operations import ensure_customer_of_user, lock_customer
from portal.stores.queries import find_customer_of_user, get_store
from portal.stores.rules import BUILT_IN_STORE_ID, StoreUnknown, customer_key_of_user

__all__ = [
    "BUILT_IN_STORE_ID",
    "StoreUnknown",
    "customer_key_of_user",
    "ensure_customer_of_user",
    "find_customer_of_user",
    "get_store",
    "lock_customer",
]
