"""Orders of a connected store use the same path, without an account, a cart or catalogue products."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from decimal import Decimal

import pytest

from models import (
    Customer,
    Order,
    PaymentTransaction,
    Refcode,
    ReferralReward,
    Settlement,
    StockMovement,
    Vendor,
)
from portal.chain import AnyChain, open_chain
from portal.db import Actor, connection, transaction
from portal.db.checks import run_checks
from portal.flows.audit.audit_reference import audit_reference
from portal.flows.checkout.decide_paid import LedgerContext
from portal.flows.checkout.lock_buyer import lock_buyer
from portal.flows.checkout.settle_payment import settle_locked
from portal.flows.checkout.size_reward import read_market
from portal.flows.refunds.refund_payment import refund_locked
from portal.lib.ids import random_text
from portal.orders import NewOrder, OrderLine, attribute_order, create_order, get_order, has_other_paid_order
from portal.payments import lock_payment, lock_refund, record_refund
from tests.factories import make_code, make_order, make_store, make_user, make_vendor
from tests.flows.conftest import settings_with

ACTOR = Actor("test")
TRACE = [
    {
        "guard": "code_known",
        "passed": True,
        "reason": None,
        "detail": "active",
        "source": "cookie",
        "stage": "order",
    }
]


@dataclass
class ConnectedStore:
    """A store whose buyers have no account, with its vendor and a referrer's code."""

    id: int
    vendor: Vendor
    code: Refcode
    chain: AnyChain
    context: LedgerContext

    def customer(self) -> int:
        return int(Customer.insert(store=self.id, key=random_text(20)).execute())

    def order(self, customer_id: int) -> Order:
        """Return an attributed, unpaid order of 359.98 UAH in two lines, with its payment."""
        order_id = random_text(14)
        new_order = NewOrder(order_id, f"store_{order_id}_1795876765123", self.id, customer_id, None, "UAH")
        lines = [
            OrderLine(None, self.vendor.id, "MUG-1", "Mug", 2, None, 29_999),
            OrderLine(None, self.vendor.id, "POSTER-2", "Poster", 1, 5_999, 5_999),
        ]
        order = create_order(new_order, lines, ACTOR)
        attribute_order(order_id, self.code.code, self.code.owner_user_id, self.code.wallet_address, TRACE)
        PaymentTransaction.insert(
            order_reference=order.order_reference, purpose="store_order", processor="wayforpay",
            rail="merchant_redirect", entity_id=order_id, amount_minor=order.total_minor, currency="UAH",
            status="redirected",
        ).execute()  # fmt: skip
        return order

    def pay(self, order: Order) -> Order:
        with transaction():
            lock_buyer(PaymentTransaction.get(PaymentTransaction.order_reference == order.order_reference))
            settle_locked(lock_payment(order.order_reference), self.context)
        return get_order(order.id)


@pytest.fixture
def connected(database: str) -> ConnectedStore:
    settings = settings_with()
    chain = open_chain(settings)
    vendor = make_vendor()
    store = make_store(vendor, "woocommerce")
    context = LedgerContext(settings, read_market(chain, settings, "UAH"), ACTOR)
    return ConnectedStore(store.id, vendor, make_code(make_user("Referrer")), chain, context)


def test_paid_order_writes_both_ledgers(connected: ConnectedStore) -> None:
    order = connected.pay(connected.order(connected.customer()))
    assert (order.status, order.buyer_user_id, order.paid_minor) == ("paid", None, 35_998)
    settlement = Settlement.get()
    assert (settlement.vendor_id, settlement.amount_minor) == (connected.vendor.id, 35_998)
    assert (order.collected_by, settlement.collected_by) == ("store", "store")
    items = settlement.metadata["commissionBreakdown"]["referralByItem"]
    assert [(item["productId"], item["source"]) for item in items] == [(None, "default"), (None, "default")]
    reward = ReferralReward.get()
    assert (reward.order_reference, reward.referee_user_id) == (order.order_reference, None)
    assert (reward.reward_percent, reward.usd_value) == (Decimal(5), Decimal("0.449975"))
    assert not StockMovement.select().exists()
    assert (
        audit_reference(order.order_reference, connected.chain, connected.context.settings).differences == []
    )
    assert run_checks() == {}


def test_second_order_of_customer_is_not_first_purchase(connected: ConnectedStore) -> None:
    customer = connected.customer()
    first, second = connected.order(customer), connected.order(customer)
    assert connected.pay(second).referral_code == connected.code.code
    assert connected.pay(first).referral_reason == "not_first_purchase"
    assert connected.pay(connected.order(connected.customer())).referral_code == connected.code.code
    assert run_checks() == {}


def test_first_purchase_is_decided_per_store(connected: ConnectedStore) -> None:
    buyer = make_user()
    make_order(buyer, paid=True)
    elsewhere = Customer.create(store=connected.id, user=buyer.id, key="known")
    assert not has_other_paid_order(connected.id, elsewhere.id, None)
    in_shop = Customer.get((Customer.store == 1) & (Customer.user == buyer.id))
    assert has_other_paid_order(1, in_shop.id, None)


@pytest.mark.system_postgres
def test_concurrent_payments_of_customer_have_one_first_purchase(connected: ConnectedStore) -> None:
    customer = connected.customer()
    orders = [connected.order(customer) for _ in range(4)]

    def pay(order: Order) -> None:
        with connection():
            connected.pay(order)

    threads = [threading.Thread(target=pay, args=[order]) for order in orders]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Order.select().where(Order.status == "paid").count() == 4
    assert ReferralReward.select().count() == 1
    assert run_checks() == {}


def test_refund_reduces_both_ledgers(connected: ConnectedStore) -> None:
    order = connected.pay(connected.order(connected.customer()))
    for amount_minor, status in ((10_000, "paid"), (25_998, "refunded")):
        with transaction():
            payment = lock_payment(order.order_reference)
            lock_buyer(payment)
            refund = record_refund(payment, amount_minor, "requested", ACTOR, source="provider")
            assert refund_locked(payment, lock_refund(refund.id), ACTOR)
        assert get_order(order.id).status == status
    assert ReferralReward.get().status == "rejected"
    assert sum(row.amount_minor for row in Settlement.select().where(Settlement.status != "cancelled")) == 0
    assert run_checks() == {}
