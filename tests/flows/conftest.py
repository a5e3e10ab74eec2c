"""A small store in an empty database: two vendors, a referrer with a code, buyers, and signed callbacks."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

import pytest

from models import Order, Product, Refcode, StockMovement, User
from portal.accounts import Referrer, create_user
from portal.catalogue import CartLine
from portal.chain import AnyChain, open_chain
from portal.codes import find_code
from portal.db import SYSTEM
from portal.flows.checkout.begin_payment import begin_order_payment
from portal.flows.checkout.place_order import PlacedOrder, place_order
from portal.flows.checkout.receive_callback import receive_callback
from portal.flows.demo.seed_demo import seed_demo
from portal.payments import RawCallback
from portal.payments.providers.wayforpay.callbacks import sign_callback
from portal.settings import Settings
from tests.support.databases import WorkerDatabase
from tests.support.settings import read_settings


def settings_with(**changes: object) -> Settings:
    """Return settings that read no environment file."""
    return read_settings(referral_token_usd_price=Decimal("0.1"), **changes)


@dataclass
class Store:
    """The seeded store and the actions of its users."""

    settings: Settings
    code: str
    chain: AnyChain = field(init=False)

    def __post_init__(self) -> None:
        self.chain = open_chain(self.settings)

    def user(self, name: str) -> User:
        return User.get(User.email == f"{name}@demo.example")

    def newcomer(self, name: str, *, referred: bool = False) -> User:
        code = find_code(self.code)
        referrer = Referrer(code.code, code.owner_user_id, code.wallet_address) if referred else None
        return create_user(f"{name}@demo.example", name, "newcomer-pass", referrer=referrer, actor=SYSTEM)

    def product(self, slug: str) -> Product:
        return Product.get(Product.slug == slug)

    def set_stock(self, slug: str, stock: int) -> None:
        """Set the stock of a product by a correction."""
        product = self.product(slug)
        if product.stock != stock:
            change = {"product": product.id, "quantity": stock - product.stock, "reason": "correction"}
            StockMovement.insert(change).execute()
            Product.update(stock=stock).where(Product.id == product.id).execute()

    def place(
        self, buyer: User, *slugs: str, cookie: str | None = None, key: str | None = None
    ) -> PlacedOrder:
        lines = [CartLine(self.product(slug).id, 1) for slug in slugs or ("mountain-tea", "city-map")]
        return place_order(buyer, lines, cookie, self.settings, checkout_key=key)

    def begin_payment(self, order: Order) -> None:
        begin_order_payment(order.id, order.buyer, "en", self.settings)

    def callback(self, order: Order, status: str = "Approved", **changes: object) -> bytes:
        fields = {
            "merchantAccount": self.settings.wayforpay_merchant_account,
            "orderReference": order.order_reference,
            "amount": f"{order.total_minor / Decimal(100):.2f}",
            "currency": order.currency,
            "authCode": "541963",
            "cardPan": "41****8217",
            "transactionStatus": status,
            "reasonCode": "1100",
            **changes,
        }
        secret = self.settings.wayforpay_secret_key.get_secret_value()
        return json.dumps(sign_callback(secret, fields)).encode()

    def receive(self, body: bytes) -> Mapping[str, str | int]:
        raw = RawCallback("wayforpay", body)
        return receive_callback(raw, self.chain, self.settings, wake=lambda _job: None)

    def send_callback(
        self, order: Order, status: str = "Approved", **changes: object
    ) -> Mapping[str, str | int]:
        return self.receive(self.callback(order, status, **changes))

    def apply_now(self, body: bytes) -> None:
        """Take a callback that is applied whatever waits."""
        receive_callback(RawCallback("wayforpay", body), self.chain, self.settings)

    def pay(self, buyer: User, *slugs: str, cookie: str | None = None) -> Order:
        """Place an order, begin its payment and receive a signed Approved callback."""
        order = self.place(buyer, *slugs, cookie=cookie).order
        self.begin_payment(order)
        self.send_callback(order)
        return Order.get_by_id(order.id)


def _write_store() -> None:
    seed_demo(settings_with())


@pytest.fixture
def store(bound_database: WorkerDatabase, database: str) -> Store:
    bound_database.fill(_write_store)
    return Store(settings_with(), Refcode.get().code)
