"""Create and lock the customers of stores."""

from __future__ import annotations

from models import Customer
from portal.stores.queries import find_customer_of_user
from portal.stores.rules import BUILT_IN_STORE_ID, customer_key_of_user


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
