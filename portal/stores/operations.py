"""Connect stores, and create and lock their customers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from models import Customer, Store, StoreVendor
from portal.db import Actor, query, record_event, transaction
from portal.lib.ids import random_text
from portal.stores.queries import find_customer_of_user
from portal.stores.rules import BUILT_IN_STORE_ID, customer_key_of_user

_PUBLIC_ID_LENGTH = 10
# Each in a separate statement, so that the next one reads what others wrote. The keys are sorted.
LOCK_CUSTOMERS = """
INSERT INTO customers (store_id, key) SELECT %(store)s, key FROM unnest(%(keys)s::text[]) AS key ON CONFLICT DO NOTHING;
SELECT 1 FROM customers WHERE store_id = %(store)s AND key = ANY(%(keys)s) ORDER BY id FOR NO KEY UPDATE;
"""
_CUSTOMERS = "SELECT id, key, bought_before FROM customers WHERE store_id = %(store)s AND key = ANY(%(keys)s)"


def create_store(
    name: str, platform: str, default_vendor_id: int, actor: Actor, *, key: str = "", **settings: Any
) -> Store:
    """Connect a store and return it; `settings` are further columns, `key` is that of the form.

    Values are checked by the caller.

    Who collects the money is the store unless the settings say otherwise. See docs/rules/stores.md.
    """
    with transaction():
        store_id = Store.insert(
            public_id=random_text(_PUBLIC_ID_LENGTH),
            name=name,
            platform=platform,
            default_vendor=default_vendor_id,
            **{"collected_by": "store", **settings},
        ).execute()
        data = {"name": name, "platform": platform, **({"key": key} if key else {})}
        record_event(actor, "store", store_id, "store_connected", data=data)
    return Store.get_by_id(store_id)


def ensure_customer_of_user(user_id: int) -> Customer:
    """Return the customer that an account is in the built-in shop, creating it before the first order.

    Two first orders at the same time get the same customer.
    """
    if (customer := find_customer_of_user(user_id)) is not None:
        return customer
    key = customer_key_of_user(user_id)
    Customer.insert(store=BUILT_IN_STORE_ID, user=user_id, key=key).on_conflict_ignore().execute()
    return Customer.get((Customer.store == BUILT_IN_STORE_ID) & (Customer.key == key))


def lock_customer(customer_id: int) -> None:
    """Lock a customer until the transaction ends, so that only one of its orders can be the first purchase.

    NO KEY: rows that merely refer to the customer need not wait.
    """
    Customer.select(Customer.id).where(Customer.id == customer_id).for_update(
        "FOR NO KEY UPDATE"  # type: ignore[arg-type]
    ).execute()


def ensure_customers(store_id: int, keys: Sequence[str]) -> list[Customer]:
    """Return the customers of a store with these keys, locked until the transaction ends, created if they are new.

    All are created and locked in one order, so that only one order of a buyer can be the first purchase.
    """
    rows = query(LOCK_CUSTOMERS + _CUSTOMERS, {"store": store_id, "keys": sorted(keys)})
    return customers_in_order(store_id, keys, rows)


def customers_in_order(store_id: int, keys: Sequence[str], rows: Iterable[Sequence[Any]]) -> list[Customer]:
    """Return customers in the order of their keys; a row is id, key and whether they bought before."""
    found = {
        key: Customer(id=row_id, store=store_id, key=key, bought_before=bought)
        for row_id, key, bought in rows
    }
    return [found[key] for key in keys]


def assign_vendors(store: Store, external_ids: Iterable[str]) -> dict[str, int]:
    """Return the vendor of each vendor id of a store; one that is not known yet is noted and has the default vendor."""
    named = sorted(set(external_ids))
    if not named:
        return {}
    StoreVendor.insert_many(
        [{"store": store.id, "external_id": each} for each in named]
    ).on_conflict_ignore().execute()
    rows = StoreVendor.select().where((StoreVendor.store == store.id) & StoreVendor.external_id.in_(named))
    assert store.default_vendor_id is not None
    return {row.external_id: row.vendor_id or store.default_vendor_id for row in rows}
