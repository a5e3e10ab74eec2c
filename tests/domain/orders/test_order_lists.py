"""Lists of orders for admins and vendors: filters, pages, and whose orders they contain."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from models import Order, StoreOrder
from portal.lib.clock import utc_now
from portal.orders import (
    OrderFilter,
    OrderUnknown,
    get_order_of_vendors,
    list_all_orders,
    list_all_orders_ledger,
    list_items_of_vendors,
    list_order_currencies,
    list_orders_of_vendors,
    move_fulfilment,
)
from portal.stores import ensure_customers
from tests.factories import ACTOR, make_code, make_order, make_product, make_store, make_user, make_vendor

NOW = utc_now()


@pytest.fixture
def orders(database: str) -> dict[str, Order]:
    """Create an order of a connected store and three of the built-in shop."""
    buyer, store = make_user(), make_store()
    (customer,) = ensure_customers(store.id, ["someone"])
    lamp, vase = make_product(name="A Lamp", slug="lamp-1"), make_product(slug="vase-1", currency="EUR")
    found = {
        "lamp": make_order(buyer, [(lamp, 1)], code=make_code(make_user(), code="AbCdEfGh"), paid=True),
        "vase": make_order(buyer, [(vase, 1)], created_at=NOW - timedelta(days=9)),
        "both": make_order(buyer, [(lamp, 2)], paid=True),
        "remote": make_order(buyer, [(vase, 3)]),
    }
    Order.update(store=store.id, customer=customer.id, buyer=None, external_id="gid-77").where(
        Order.id == found["remote"].id
    ).execute()
    StoreOrder.insert(
        order=found["remote"].id, store=store.id, external_id="gid-77", number="1042", version=1, snapshot={},
        snapshot_sha256="0",
    ).execute()  # fmt: skip
    move_fulfilment(found["both"].id, lamp.vendor_id, "cancel", "None left", ACTOR)
    move_fulfilment(found["vase"].id, vase.vendor_id, "cancel", "None left", ACTOR)
    return found


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({}, "lamp vase both remote"),
        ({"status": "paid"}, "lamp both"),
        ({"currency": "EUR"}, "vase remote"),
        ({"is_referred": True}, "lamp"),
        ({"is_referred": False}, "vase both remote"),
        ({"code": "AbCdEfGh"}, "lamp"),
        ({"code": "abcdefgh"}, ""),
        ({"number": "1042"}, "remote"),
        ({"number": "gid-77"}, "remote"),
        ({"product": "lamp-1"}, "lamp both"),
        ({"product": "a lamp"}, "lamp both"),
        ({"product": "lamp"}, ""),
        ({"is_waiting": True}, "both"),
        ({"since": NOW - timedelta(days=1)}, "lamp both remote"),
        ({"until": NOW - timedelta(days=1)}, "vase"),
        ({"status": "paid", "product": "lamp-1", "is_referred": False}, "both"),
    ],
    ids=lambda value: "-".join(value) or "none" if isinstance(value, dict) else "",
)
def test_filters_select_the_orders(orders: dict[str, Order], filters: dict[str, Any], expected: str) -> None:
    found = {row.id for row in list_all_orders_ledger(OrderFilter(**filters))}
    assert found == {orders[name].id for name in expected.split()}


def test_own_id_reference_and_store_select_one_order(orders: dict[str, Order]) -> None:
    remote = orders["remote"]
    store = Order.get_by_id(remote.id).store
    for filters in ({"number": remote.id}, {"number": remote.order_reference}, {"store_id": store.id}):
        (row,) = list_all_orders(OrderFilter(**filters)).rows
        assert (row.id, row.number, row.store.name) == (remote.id, "1042", store.name), filters
    assert list_order_currencies() == ["EUR", "UAH"]


def test_vendor_finds_orders_and_lines_of_their_own(database: str) -> None:
    mine, foreign = make_vendor(), make_vendor()
    shared = make_order(make_user(), [(make_product(mine), 1), (make_product(foreign), 2)], paid=True)
    unpaid = make_order(make_user(), [(make_product(mine), 1)])
    other = make_order(make_user(), [(make_product(foreign), 1)], paid=True)

    def found(state: str = "", number: str = "") -> set[str]:
        return {row.id for row in list_orders_of_vendors([mine.id], state, number).rows}

    assert found() == {shared.id, unpaid.id}
    assert found("open") == {shared.id}
    assert found(number=shared.order_reference) == {shared.id}
    assert found(number=other.order_reference) == set()
    move_fulfilment(shared.id, foreign.id, "deliver", "", ACTOR)
    assert (found("open"), found("delivered")) == ({shared.id}, set())
    move_fulfilment(shared.id, mine.id, "deliver", "", ACTOR)
    assert (found("open"), found("delivered"), found("cancelled")) == (set(), {shared.id}, set())
    (line,) = list_items_of_vendors([shared.id, other.id], [mine.id])[shared.id]
    assert line.vendor_id == mine.id
    assert get_order_of_vendors(shared.id, [mine.id]).id == shared.id
    for order_id, vendor_ids in ((other.id, [mine.id]), (shared.id, []), ("nothing", [mine.id])):
        with pytest.raises(OrderUnknown):
            get_order_of_vendors(order_id, vendor_ids)
