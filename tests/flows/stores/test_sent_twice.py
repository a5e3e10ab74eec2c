"""Forms of admins that are sent twice at once create one store, vendor, product or endpoint."""

from __future__ import annotations

from functools import partial

import pytest

from models import Product, Store, Vendor
from portal.catalogue import add_product, read_product
from portal.db import Actor
from portal.flows.stores.connect_store import StoreConnected, connect_new_store
from portal.flows.vendors.save_vendor import add_vendor
from portal.lib.errors import InputInvalid
from portal.stores.adapters.registry import list_platforms
from portal.webhooks import create_endpoint
from tests.factories import ACTOR, make_admin, make_store, make_user, make_vendor
from tests.support.threads import at_once


def connect(actor: Actor, form_key: str) -> Store:
    typed = {"name": "Mugs", "platform": "medusa"}
    return connect_new_store(typed, [], None, list_platforms(), actor, form_key=form_key)


def test_form_sent_at_once_connects_one_store(database: str) -> None:
    actor = Actor.user(make_admin().id)
    errors = at_once([partial(connect, actor, "form-1")] * 5)
    assert [type(error) for error in errors] == [StoreConnected] * 4
    store = Store.get(Store.name == "Mugs")
    with pytest.raises(StoreConnected) as again:
        connect(actor, "form-1")
    assert again.value.params["store_id"] == store.id
    assert Vendor.select().where(Vendor.name == "Mugs").count() == 1


def test_another_form_or_person_connects_another_store(database: str) -> None:
    first, second = (Actor.user(make_admin().id) for _ in range(2))
    ids = {connect(first, "form-1").id, connect(first, "form-2").id, connect(second, "form-1").id}
    ids |= {connect(first, "").id, connect(first, "").id}
    assert len(ids) == 5


def test_vendor_created_at_once_is_one(database: str) -> None:
    owner = make_user("Olena").email or ""
    errors = at_once([partial(add_vendor, "Tea House", owner, "starter", ACTOR)] * 4)
    assert [type(error) for error in errors] == [InputInvalid] * 3
    add_vendor("Tea House", "", "starter", ACTOR)
    assert Vendor.select().where(Vendor.name == "Tea House").count() == 2


def test_product_created_at_once_is_one(database: str) -> None:
    vendor, actor = make_vendor(), Actor.user(make_admin().id)
    values = read_product({"name": "Mug", "price": "12.50", "currency": "UAH"})

    def create(number: int) -> None:
        # As the page does where no address was typed: one that is free now.
        add_product(vendor.id, values.with_slug(f"mug-{number}"), 1, actor, key="form-1")

    assert at_once([partial(create, number) for number in range(4)]) == []
    assert Product.select().where(Product.name == "Mug").count() == 1


def test_endpoint_added_at_once_is_one(database: str) -> None:
    store = make_store()

    def add(*types: str) -> None:
        url = "https://hooks.example/in"
        create_endpoint(store.id, url, types, ACTOR, key="a secret", allow_private=False)

    errors = at_once([partial(add, "order.attributed", "refund.applied")] * 4)
    assert [type(error) for error in errors] == [InputInvalid] * 3
    add("refund.applied")
