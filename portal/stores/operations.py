"""Connect stores, and create and lock their customers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from models import Customer, Store, StoreVendor
from portal.db import Actor, record_event, transaction
from portal.lib.ids import random_text
from portal.stores.queries import find_customer_of_user
from portal.stores.rules import BUILT_IN_STORE_ID, customer_key_of_user

_PUBLIC_ID_LENGTH = 10


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
    Customer.insert_many(
        [{"store": store_id, "key": key} for key in sorted(keys)]
    ).on_conflict_ignore().execute()
    rows = Customer.select().where((Customer.store == store_id) & Customer.key.in_(list(keys)))
    locked = list(rows.order_by(Customer.id).for_update("FOR NO KEY UPDATE"))  # type: ignore[arg-type]
    return sorted(locked, key=lambda customer: keys.index(customer.key))


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
