"""An account is one customer of the built-in shop, even with concurrent orders."""

from __future__ import annotations

import threading

import pytest

from models import Customer
from portal.db import connection, transaction
from portal.stores import (
    BUILT_IN_STORE_ID,
    StoreUnknown,
    ensure_customer_of_user,
    find_customer_of_user,
    get_store,
)
from tests.factories import make_user


def test_built_in_shop_exists(database: str) -> None:
    store = get_store(BUILT_IN_STORE_ID)
    assert (store.platform, store.collected_by, store.commission_base, store.reward_waits_for) == (
        "built_in",
        "platform",
        "net",
        "approval",
    )
    assert store.active
    with pytest.raises(StoreUnknown):
        get_store(2)


def test_customer_is_created_once(database: str) -> None:
    user = make_user()
    assert find_customer_of_user(user.id) is None
    customer = ensure_customer_of_user(user.id)
    assert (customer.store_id, customer.user_id, customer.key) == (1, user.id, f"user:{user.id}")
    assert ensure_customer_of_user(user.id).id == customer.id
    assert find_customer_of_user(user.id) == customer
    assert ensure_customer_of_user(make_user().id).id != customer.id


@pytest.mark.system_postgres
def test_concurrent_first_orders_share_one_customer(database: str) -> None:
    user = make_user()
    barrier, ids = threading.Barrier(6), []

    def create() -> None:
        with connection():
            barrier.wait()
            with transaction():
                ids.append(ensure_customer_of_user(user.id).id)

    threads = [threading.Thread(target=create) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(ids) == 6
    assert len(set(ids)) == 1
    assert Customer.select().count() == 1
