"""Unpaid orders are checked before money is requested, and are cancelled or expire. See docs/rules/payments.md."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from models import CreditEntry, EventLog, Order, PaymentTransaction, Product
from portal.catalogue import CartLine, PriceChanged, ProductWithdrawn, StockShort
from portal.db import SYSTEM
from portal.db.checks import run_checks
from portal.flows.checkout import close_order, settle_payment
from portal.flows.checkout.begin_payment import begin_order_payment
from portal.flows.checkout.close_order import cancel_order, expire_orders
from portal.flows.checkout.settle_payment import buy_with_credit, pay_with_credit
from portal.lib.clock import utc_now
from portal.lib.errors import PortalError
from portal.orders import OrderCancelled, OrderExpired, OrderUnknown
from portal.payments import AlreadyPaid, PaymentInProgress, add_credit, credit_balance, find_payment
from tests.flows.conftest import Store
from tests.support.threads import at_once

pytestmark = pytest.mark.system_postgres

CREDIT = 1_000_000


@pytest.fixture
def order(store: Store) -> Order:
    """Return an unpaid order of a buyer with enough credit."""
    buyer = store.newcomer("ann")
    add_credit(buyer.id, CREDIT, "UAH", "A gift", SYSTEM)
    return store.place(buyer, "city-map").order


def change_map(**values: object) -> None:
    Product.update(**values).where(Product.slug == "city-map").execute()


def age(order: Order, hours: float) -> None:
    Order.update(created_at=utc_now() - timedelta(hours=hours)).where(Order.id == order.id).execute()


def events_of(order: Order) -> list[str]:
    return [row.event for row in EventLog.select().where(EventLog.entity_id == order.id)]


CHANGES: list[tuple[Callable[[Order], None], type[PortalError]]] = [
    (lambda order: change_map(active=False), ProductWithdrawn),
    (lambda order: change_map(price_minor=14_901), PriceChanged),
    (lambda order: change_map(price_minor=1), PriceChanged),
    (lambda order: change_map(currency="USD"), PriceChanged),
    (lambda order: change_map(stock=0), StockShort),
    (lambda order: change_map(stock=-3), StockShort),
    (lambda order: age(order, 72.1), OrderExpired),
    (lambda order: age(order, 9600), OrderExpired),
    (lambda order: cancel_order(order.id, order.buyer_user_id), OrderCancelled),
]


@pytest.mark.parametrize(("change", "expected"), CHANGES)
def test_what_cannot_be_sold_is_not_charged(
    store: Store, order: Order, change: Callable[[Order], None], expected: type[PortalError]
) -> None:
    change(order)
    for provider in ("wayforpay", ""):
        with pytest.raises(expected) as refused:
            begin_order_payment(order.id, order.buyer, "en", store.settings, provider)
        assert refused.value.field == "orderId"
    with pytest.raises(expected):
        pay_with_credit(order.id, order.buyer, store.chain, store.settings)
    assert credit_balance(order.buyer_user_id, "UAH") == CREDIT
    assert not PaymentTransaction.select().exists()


@pytest.mark.parametrize("change", [lambda order: age(order, 71.9), lambda order: change_map(name="Map")])
def test_what_can_be_sold_is_charged(store: Store, order: Order, change: Callable[[Order], None]) -> None:
    change(order)
    begin_order_payment(order.id, order.buyer, "en", store.settings)
    assert pay_with_credit(order.id, order.buyer, store.chain, store.settings).status == "paid"


def test_stock_of_others_paid_orders_counts(store: Store, order: Order) -> None:
    store.set_stock("city-map", 1)
    store.pay(store.newcomer("bob"), "city-map")
    with pytest.raises(StockShort):
        begin_order_payment(order.id, order.buyer, "en", store.settings)
    with pytest.raises(StockShort):
        pay_with_credit(order.id, order.buyer, store.chain, store.settings)


def test_of_two_buyers_of_the_last_piece_one_pays_by_credit(store: Store) -> None:
    store.set_stock("city-map", 1)
    orders = []
    for name in ("ann", "bob", "cid", "dan"):
        buyer = store.newcomer(name)
        add_credit(buyer.id, CREDIT, "UAH", "A gift", SYSTEM)
        orders.append(store.place(buyer, "city-map").order)

    def pay(order: Order) -> Callable[[], object]:
        return lambda: pay_with_credit(order.id, order.buyer, store.chain, store.settings)

    raised = at_once([pay(order) for order in orders])
    assert [type(error) for error in raised] == [StockShort] * 3
    assert CreditEntry.select().where(CreditEntry.amount_minor < 0).count() == 1
    assert store.product("city-map").stock == 0
    assert run_checks() == {}


# ---------------------------------------------------------------------- cancelling


@pytest.mark.parametrize("status", [None, "Declined", "Expired"])
def test_buyer_cancels_an_unpaid_order(store: Store, order: Order, status: str | None) -> None:
    store.begin_payment(order)
    if status:
        store.send_callback(order, status)
    for _ in range(2):
        cancel_order(order.id, order.buyer_user_id)
    assert Order.get_by_id(order.id).status == "cancelled"
    assert events_of(order).count("order_cancelled") == 1
    assert find_payment(order.order_reference).status in ("cancelled", "failed")
    assert run_checks() == {}


def test_paid_or_pending_order_is_not_cancelled(store: Store, order: Order) -> None:
    store.begin_payment(order)
    store.send_callback(order, "Pending")
    with pytest.raises(PaymentInProgress):
        cancel_order(order.id, order.buyer_user_id)
    store.send_callback(order)
    with pytest.raises(AlreadyPaid):
        cancel_order(order.id, order.buyer_user_id)
    assert Order.get_by_id(order.id).status == "paid"


def test_order_of_another_buyer_is_not_cancelled(store: Store, order: Order) -> None:
    with pytest.raises(OrderUnknown):
        cancel_order(order.id, store.newcomer("bob").id)


@pytest.mark.parametrize("closing", ["cancel", "expire"])
def test_money_after_closing_stands(store: Store, order: Order, closing: str) -> None:
    store.begin_payment(order)
    if closing == "cancel":
        cancel_order(order.id, order.buyer_user_id)
    else:
        age(order, 80)
        assert expire_orders(store.settings) == 1
    stock = store.product("city-map").stock
    assert store.send_callback(order)["status"] == "accept"
    paid = Order.get_by_id(order.id)
    assert (paid.status, paid.order_reference) == ("paid", order.order_reference)
    assert find_payment(order.order_reference).status == "paid"
    assert store.product("city-map").stock == stock - 1
    assert run_checks() == {}


def test_concurrent_cancellation_and_payment_end_in_one_state(store: Store, order: Order) -> None:
    raised = at_once(
        [
            lambda: cancel_order(order.id, order.buyer_user_id),
            lambda: pay_with_credit(order.id, order.buyer, store.chain, store.settings),
        ]
    )
    status = Order.get_by_id(order.id).status
    assert [type(error) for error in raised] == [AlreadyPaid if status == "paid" else OrderCancelled]
    spent = CREDIT - credit_balance(order.buyer_user_id, "UAH")
    assert spent == (order.total_minor if status == "paid" else 0)


# ---------------------------------------------------------------------- expiry


def test_old_unpaid_orders_expire(store: Store, order: Order) -> None:
    buyer = order.buyer
    young, pending, paid = (store.place(buyer, "city-map").order for _ in range(3))
    for each in (pending, paid):
        store.begin_payment(each)
    store.send_callback(pending, "Pending")
    store.send_callback(paid)
    for each in (order, pending, paid):
        age(each, 73)
    assert expire_orders(store.settings) == 1
    assert expire_orders(store.settings) == 0
    statuses = [Order.get_by_id(each.id).status for each in (order, young, pending, paid)]
    assert statuses == ["cancelled", "created", "created", "paid"]
    assert events_of(order)[-1] == "order_expired"


def test_order_that_cannot_be_closed_does_not_stop_the_others(
    store: Store, order: Order, monkeypatch: pytest.MonkeyPatch
) -> None:
    orders = [order, *(store.place(order.buyer, "city-map").order for _ in range(4))]
    for index, each in enumerate(orders):
        age(each, 100 - index)
    close = close_order.close_unpaid_order

    def fail_for_the_first(order_id: str, *args: object, **options: object) -> bool:
        if order_id == order.id:
            raise RuntimeError("this order is broken")
        return close(order_id, *args, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(close_order, "close_unpaid_order", fail_for_the_first)
    monkeypatch.setattr(close_order, "EXPIRY_BATCH", 2)
    assert expire_orders(store.settings) == 4


# ---------------------------------------------------------------------- other ways to pay


def test_price_source_is_not_read_without_credit(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """See the order of checks: the balance comes before anything that may be slow."""

    def fail(*_: object) -> None:
        raise AssertionError("the price source was read")

    monkeypatch.setattr(settle_payment, "read_market", fail)
    buyer = store.newcomer("ann")
    lines = [CartLine(store.product("city-map").id, 1)]
    with pytest.raises(PortalError, match="credit_short"):
        buy_with_credit(buyer, lines, None, store.chain, store.settings)
    assert not Order.select().exists()
