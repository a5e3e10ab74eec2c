"""Connected stores whose orders are paid and refunded, and the statements of their vendors."""

from __future__ import annotations

from typing import Any

from models import (
    CommissionStatement,
    Customer,
    Order,
    PaymentTransaction,
    ReferralReward,
    Settlement,
    Vendor,
)
from portal.chain import open_chain
from portal.db import Actor, transaction
from portal.flows.checkout.decide_paid import LedgerContext
from portal.flows.checkout.lock_buyer import lock_buyer
from portal.flows.checkout.settle_payment import settle_locked
from portal.flows.checkout.size_reward import read_market
from portal.flows.refunds.refund_payment import refund_locked
from portal.flows.statements.open_statements import open_statements
from portal.lib.ids import random_text
from portal.orders import NewOrder, OrderLine, attribute_order, create_order, get_order
from portal.payments import lock_payment, lock_refund, record_refund
from tests.factories import make_code, make_store, make_user, make_vendor
from tests.flows.conftest import settings_with

ACTOR = Actor("test")
SETTINGS = settings_with()
_TRACE = [{"guard": "code_known", "passed": True, "reason": None, "detail": "active", "source": "cookie"}]


class StatementWorld:
    """A connected store with two vendors and a referrer; each order is attributed."""

    def __init__(self, **store: Any) -> None:
        self.owner = make_user("Seller", role="vendor")
        self.vendors = [make_vendor(self.owner), make_vendor()]
        self.store = make_store(self.vendors[0], "woocommerce", **store)
        self.code = make_code(make_user("Referrer"))
        chain = open_chain(SETTINGS)
        self.context = LedgerContext(SETTINGS, read_market(chain, SETTINGS, "UAH"), ACTOR)

    def order(self, *amounts: int, paid_minor: int | None = None) -> Order:
        """Return an unpaid order with one line per vendor; `paid_minor` includes tax and shipping."""
        order_id = random_text(14)
        customer = int(Customer.insert(store=self.store.id, key=random_text(20)).execute())
        new_order = NewOrder(
            order_id, f"store_{order_id}_1795876765123", self.store.id, customer, None, "UAH"
        )
        vendors: list[Vendor] = self.vendors
        lines = [
            OrderLine(None, vendor.id, f"SKU-{vendor.id}", "Mug", 1, amount, amount)
            for vendor, amount in zip(vendors, amounts, strict=False)
        ]
        order = create_order(new_order, lines, ACTOR)
        attribute_order(order_id, self.code.code, self.code.owner_user_id, self.code.wallet_address, _TRACE)
        PaymentTransaction.insert(
            order_reference=order.order_reference, purpose="store_order", processor="wayforpay",
            rail="merchant_redirect", entity_id=order_id, amount_minor=paid_minor or order.total_minor,
            currency="UAH", status="redirected",
        ).execute()  # fmt: skip
        return order

    def pay(self, order: Order) -> Order:
        with transaction():
            payment = PaymentTransaction.get(PaymentTransaction.order_reference == order.order_reference)
            lock_buyer(payment)
            settle_locked(lock_payment(order.order_reference), self.context)
        return get_order(order.id)

    def sell(self, *amounts: int) -> Order:
        return self.pay(self.order(*amounts))

    def refund(self, order: Order, minor: int, goods_minor: int | None = None) -> bool:
        with transaction():
            payment = lock_payment(order.order_reference)
            lock_buyer(payment)
            refund = record_refund(
                payment, minor, "requested", ACTOR, source="provider", goods_minor=goods_minor
            )
            return refund_locked(payment, lock_refund(refund.id), ACTOR)


def open_now() -> list[CommissionStatement]:
    """Open statements of everything up to now and return them."""
    opened = open_statements(None, SETTINGS, ACTOR)
    return [CommissionStatement.get_by_id(statement_id) for statement_id in opened]


def settlements_of(order: Order) -> list[tuple[str, str, int]]:
    rows = Settlement.select().where(Settlement.order_reference == order.order_reference)
    return [(row.kind, row.status, row.commission_minor) for row in rows.order_by(Settlement.id)]


def reward_of(order: Order) -> ReferralReward:
    return ReferralReward.get(ReferralReward.order_reference == order.order_reference)
