"""Goods paid although stock had run out are back-orders that admin and vendor see. See docs/rules/payments.md."""

from __future__ import annotations

import pytest

from models import Notification, Order, User
from portal.db.checks import run_checks
from portal.flows.checkout.back_orders import list_open_back_orders
from tests.flows.conftest import Store

pytestmark = pytest.mark.system_postgres


def sell_last_piece(store: Store, *names: str) -> list[Order]:
    """Sell the last piece by card to several buyers who left for the provider before anyone had paid."""
    store.set_stock("city-map", 1)
    orders = [store.place(store.newcomer(name), "city-map").order for name in names]
    for order in orders:
        store.begin_payment(order)
    for order in orders:
        store.send_callback(order)
    return orders


def missing() -> list[tuple[str, int]]:
    return [(row.order_reference, row.missing) for row in list_open_back_orders()]


def test_second_payment_for_the_last_piece_is_a_back_order(store: Store) -> None:
    first, second = sell_last_piece(store, "ann", "bob")
    assert {Order.get_by_id(order.id).status for order in (first, second)} == {"paid"}
    assert missing() == [(second.order_reference, 1)]
    assert list_open_back_orders(first.order_reference) == []
    rows = list(Notification.select().where(Notification.kind == "order_back_ordered"))
    readers = {User.get_by_id(row.user_id).role for row in rows}
    assert readers == {"admin", "vendor"}
    assert {row.params["reference"] for row in rows} == {second.order_reference}
    store.send_callback(second)
    assert Notification.select().where(Notification.kind == "order_back_ordered").count() == len(rows)


def test_new_stock_covers_the_oldest_back_order_first(store: Store) -> None:
    _, second, third = sell_last_piece(store, "ann", "bob", "cid")
    assert missing() == [(second.order_reference, 1), (third.order_reference, 1)]
    store.set_stock("city-map", -1)
    assert missing() == [(third.order_reference, 1)]
    store.set_stock("city-map", 0)
    assert missing() == []


def test_full_refund_ends_the_back_order(store: Store) -> None:
    _, second = sell_last_piece(store, "ann", "bob")
    store.send_callback(second, "Refunded")
    assert missing() == []
    assert store.product("city-map").stock == 0
    assert run_checks() == {}
