"""Changing from a provider to credit: the buyer is charged once, and a second payment is reported."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from models import CreditEntry, Order, PaymentEvent, PaymentTransaction, Settlement
from portal.db import SYSTEM
from portal.db.checks import run_checks
from portal.flows.checkout.begin_payment import begin_order_payment
from portal.flows.checkout.settle_payment import pay_with_credit
from portal.payments import AlreadyPaid, PaymentInProgress, add_credit, credit_balance, find_payment
from portal.payments.registry import registered
from tests.flows.conftest import Store
from tests.support.threads import at_once
from tests.support.tiny_provider import TinyProvider

pytestmark = pytest.mark.system_postgres

CREDIT = 1_000_00


@pytest.fixture(autouse=True)
def tiny_provider() -> Iterator[None]:
    with registered(TinyProvider):
        yield


@pytest.fixture
def order(store: Store) -> Order:
    buyer = store.newcomer("ann")
    add_credit(buyer.id, CREDIT, "UAH", "A gift", SYSTEM)
    order = store.place(buyer, cookie=store.code).order
    store.begin_payment(order)
    return order


def pay_by_credit(store: Store, order: Order) -> Order:
    return pay_with_credit(order.id, order.buyer, store.chain, store.settings)


def count_debits() -> int:
    return int(CreditEntry.select().where(CreditEntry.amount_minor < 0).count())


def unmatched_reasons() -> list[str]:
    rows = PaymentEvent.select().where(PaymentEvent.outcome == "unmatched")
    return [row.reason for row in rows]


@pytest.mark.parametrize("status", [None, "Declined", "Expired"])
def test_credit_pays_after_a_failed_attempt(store: Store, order: Order, status: str | None) -> None:
    if status:
        store.send_callback(order, status)
    paid = pay_by_credit(store, order)
    assert (paid.status, paid.order_reference != order.order_reference) == ("paid", True)
    assert find_payment(paid.order_reference).processor == "internal_credit"
    assert credit_balance(order.buyer_user_id, "UAH") == CREDIT - order.total_minor
    assert run_checks() == {}


def test_credit_is_refused_while_the_card_payment_is_pending(store: Store, order: Order) -> None:
    store.send_callback(order, "Pending")
    with pytest.raises(PaymentInProgress):
        pay_by_credit(store, order)
    assert credit_balance(order.buyer_user_id, "UAH") == CREDIT


def test_card_payment_after_credit_is_unmatched(store: Store, order: Order) -> None:
    pay_by_credit(store, order)
    assert store.send_callback(order)["status"] == "accept"
    assert unmatched_reasons() == ["order_paid_already"]
    assert find_payment(order.order_reference).status == "cancelled"
    assert Settlement.select().count() == 2
    assert run_checks() == {}


def test_paid_order_begins_no_payment(store: Store, order: Order) -> None:
    pay_by_credit(store, order)
    for provider in ("wayforpay", "tiny"):
        with pytest.raises(AlreadyPaid):
            begin_order_payment(order.id, order.buyer, "en", store.settings, provider)


def test_credit_that_does_not_cover_leaves_the_card_attempt_open(store: Store, order: Order) -> None:
    Order.update(total_minor=CREDIT + 1).where(Order.id == order.id).execute()
    with pytest.raises(Exception, match="credit_short"):
        pay_by_credit(store, order)
    assert Order.get_by_id(order.id).order_reference == order.order_reference
    assert find_payment(order.order_reference).status == "redirected"


def test_concurrent_credit_and_card_pay_once(store: Store, order: Order) -> None:
    raised = at_once([lambda: pay_by_credit(store, order), lambda: store.send_callback(order)])
    paid = Order.get_by_id(order.id)
    assert paid.status == "paid"
    payments = PaymentTransaction.select().where(PaymentTransaction.status == "paid")
    assert [row.order_reference for row in payments] == [paid.order_reference]
    # Either the card payment wins and credit is refused, or the card payment is unmatched.
    is_card_first = paid.order_reference == order.order_reference
    assert [type(error) for error in raised] == ([AlreadyPaid] if is_card_first else [])
    assert count_debits() == (0 if is_card_first else 1)
    assert unmatched_reasons() == ([] if is_card_first else ["order_paid_already"])
    assert Settlement.select().count() == 2
    assert run_checks() == {}


def test_concurrent_credit_payments_debit_once(store: Store, order: Order) -> None:
    raised = at_once([lambda: pay_by_credit(store, order), lambda: pay_by_credit(store, order)])
    assert [type(error) for error in raised] == [AlreadyPaid]
    assert count_debits() == 1


def test_concurrent_provider_and_credit_leave_one_open_payment(store: Store, order: Order) -> None:
    def begin() -> None:
        begin_order_payment(order.id, order.buyer, "en", store.settings, "tiny")

    raised = at_once([begin, lambda: pay_by_credit(store, order)])
    assert [type(error) for error in raised] in ([], [AlreadyPaid])
    paid = Order.get_by_id(order.id)
    assert paid.status == "paid"
    assert find_payment(paid.order_reference).processor == "internal_credit"
    assert count_debits() == 1
    is_open = PaymentTransaction.status.in_(("created", "redirected", "pending"))
    assert not PaymentTransaction.select().where(is_open).exists()


def test_concurrent_providers_leave_one_open_attempt(store: Store, order: Order) -> None:
    def begin(provider: str) -> None:
        begin_order_payment(order.id, order.buyer, "en", store.settings, provider)

    assert at_once([lambda: begin("tiny"), lambda: begin("wayforpay")] * 2) == []
    is_open = PaymentTransaction.status.in_(("created", "redirected", "pending"))
    attempts = list(PaymentTransaction.select().where(is_open))
    assert [row.order_reference for row in attempts] == [Order.get_by_id(order.id).order_reference]
