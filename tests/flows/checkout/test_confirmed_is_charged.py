"""Whatever happens around a checkout, what the buyer last saw is what is charged, once. See docs/rules/payments.md."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from flask import Flask

from models import CreditEntry, Order, PaymentTransaction, Product, Settlement, StockMovement, User
from portal.catalogue import CartLine, page_of_shop
from portal.db import SYSTEM
from portal.db.checks import run_checks
from portal.flows.checkout.back_orders import list_open_back_orders
from portal.flows.checkout.begin_payment import begin_order_payment
from portal.flows.checkout.close_order import cancel_order
from portal.flows.checkout.place_order import place_order, prepare_order
from portal.flows.checkout.review import Review, read_review, review_order, sign_review
from portal.flows.checkout.settle_payment import buy_with_credit, pay_with_credit
from portal.flows.demo.seed_demo import seed_demo
from portal.lib.errors import PortalError
from portal.payments import add_credit, credit_balance
from portal.web.text.products import product_view
from tests.factories import make_product, make_user
from tests.flows.conftest import Store, settings_with
from tests.support.apps import development_app

STEPS = 120
SEEDS = range(3)
CREDIT = 40_000


@dataclass
class Tab:
    """What one browser tab shows: the token of a review and what it says."""

    token: str
    review: Review


@dataclass
class Shop:
    """Two buyers, three products, and everything that may happen between a review and its payment."""

    random: random.Random
    store: Store
    buyers: list[User]
    products: list[int]
    carts: dict[int, dict[int, int]] = field(default_factory=dict)
    tabs: dict[int, list[Tab]] = field(default_factory=dict)
    # What each buyer confirmed last, by order id.
    confirmed: dict[str, Review] = field(default_factory=dict)
    done: list[str] = field(default_factory=list)

    def buyer(self) -> User:
        return self.random.choice(self.buyers)

    # ------------------------------------------------------------------ changes

    def change_cart(self) -> None:
        cart = self.carts.setdefault(self.buyer().id, {})
        product, quantity = self.random.choice(self.products), self.random.randint(0, 3)
        cart.pop(product, None) if quantity == 0 else cart.update({product: quantity})

    def change_price(self) -> None:
        price = self.random.choice([0, 500, 900, 1_300])
        Product.update(price_minor=price).where(Product.id == self.random.choice(self.products)).execute()

    def change_stock(self) -> None:
        product = Product.get_by_id(self.random.choice(self.products))
        stock = self.random.randint(0, 4)
        if stock != product.stock:
            StockMovement.insert(
                product=product.id, quantity=stock - product.stock, reason="correction"
            ).execute()
            Product.update(stock=stock).where(Product.id == product.id).execute()

    def change_offer(self) -> None:
        product = Product.get_by_id(self.random.choice(self.products))
        Product.update(active=not product.active).where(Product.id == product.id).execute()

    # ------------------------------------------------------------------ the buyer

    def lines(self, buyer: User) -> list[CartLine]:
        return [CartLine(*line) for line in self.carts.get(buyer.id, {}).items()]

    def review(self) -> None:
        """Open the checkout page in a tab, of which each buyer has two."""
        buyer = self.buyer()
        code = self.random.choice([None, self.store.code])
        review = prepare_order(buyer, self.lines(buyer), code, self.store.settings).review
        tabs = self.tabs.setdefault(buyer.id, [])
        tabs.append(Tab(sign_review(review, buyer, self.store.settings), review))
        del tabs[:-2]

    def confirm(self, by_credit: bool) -> None:
        buyer = self.buyer()
        tab = self.random.choice(self.tabs[buyer.id])
        reviewed = read_review(tab.token, buyer, self.store.settings)
        assert reviewed == tab.review
        code = reviewed.referral_code
        if by_credit:
            before = credit_balance(buyer.id, "UAH")
            order = buy_with_credit(
                buyer, self.lines(buyer), code, self.store.chain, self.store.settings, reviewed=reviewed
            )
            assert before - credit_balance(buyer.id, "UAH") == tab.review.total_minor
            assert order.referral_code == tab.review.referral_code
        else:
            order = place_order(buyer, self.lines(buyer), code, self.store.settings, reviewed=reviewed).order
            self.confirmed[order.id] = tab.review
            begin_order_payment(order.id, buyer, "en", self.store.settings)
        self.confirmed[order.id] = tab.review

    def unpaid(self) -> Order:
        orders = list(Order.select().where(Order.status == "created").order_by(Order.id))
        if not orders:
            raise PortalError
        return self.random.choice(orders)

    def pay_unpaid(self, by_credit: bool) -> None:
        """Open the page of an unpaid order and pay it."""
        order, settings = self.unpaid(), self.store.settings
        reviewed = review_order(order, settings)
        if by_credit:
            pay_with_credit(order.id, order.buyer, self.store.chain, settings, reviewed=reviewed)
        else:
            begin_order_payment(order.id, order.buyer, "en", settings, reviewed=reviewed)
        self.confirmed[order.id] = reviewed

    def cancel(self) -> None:
        order = self.unpaid()
        cancel_order(order.id, order.buyer_user_id)

    # ------------------------------------------------------------------ the provider

    def callback(self, status: str) -> None:
        """Send a callback for any card payment ever begun: late, repeated, or out of order."""
        payments = PaymentTransaction.select().where(PaymentTransaction.processor == "wayforpay")
        rows = list(payments.order_by(PaymentTransaction.id))
        if not rows:
            raise PortalError
        payment = self.random.choice(rows)
        order = Order.get_by_id(payment.entity_id)
        order.order_reference = payment.order_reference
        self.store.send_callback(order, status)

    # ------------------------------------------------------------------ what always holds

    def check(self) -> None:
        for product in page_of_shop("en").rows:
            assert "-" not in product_view(product).stock_text
        for order in Order.select().where(Order.paid_at.is_null(False)):
            seen = self.confirmed[order.id]
            assert order.paid_minor == order.total_minor == seen.total_minor
            paid = PaymentTransaction.select().where(
                (PaymentTransaction.entity_id == order.id) & PaymentTransaction.paid_at.is_null(False)
            )
            (payment,) = paid
            assert (payment.order_reference, payment.amount_minor) == (
                order.order_reference,
                seen.total_minor,
            )
            settled = sum(
                row.amount_minor for row in Settlement.select().where(Settlement.order_id == order.id)
            )
            assert settled == seen.total_minor
        for entry in CreditEntry.select().where(CreditEntry.amount_minor < 0):
            order = Order.get(Order.order_reference == entry.order_reference)
            assert -entry.amount_minor == self.confirmed[order.id].total_minor
        missing: dict[str, int] = {}
        for row in list_open_back_orders():
            missing[row.product] = missing.get(row.product, 0) + row.missing
        negative = {row.name: -row.stock for row in Product.select().where(Product.stock < 0)}
        assert missing == negative


@pytest.fixture
def pages() -> Flask:
    """Return an application for texts; creating it binds the models, so it comes before the database."""
    return development_app()


@pytest.fixture
def shop(pages: Flask, database: str, request: pytest.FixtureRequest) -> Shop:

    settings = settings_with()
    chance = random.Random(request.param)
    store = Store(settings, seed_demo(settings).referral_code)
    buyers = [make_user(f"Buyer {number}") for number in range(2)]
    for buyer in buyers:
        add_credit(buyer.id, CREDIT, "UAH", "test credit", SYSTEM)
    products = [make_product(price_minor=900, stock=2).id for _ in range(3)]
    carts = {buyer.id: {products[0]: 1} for buyer in buyers}
    return Shop(chance, store, buyers, products, carts)


@pytest.mark.parametrize("shop", SEEDS, indirect=True)
def test_what_was_seen_is_what_is_charged(shop: Shop, pages: Flask) -> None:
    steps: list[tuple[int, str, Callable[[], None]]] = [
        (4, "change cart", shop.change_cart),
        (2, "change price", shop.change_price),
        (2, "change stock", shop.change_stock),
        (1, "change offer", shop.change_offer),
        (6, "review", shop.review),
        (6, "confirm by credit", lambda: shop.confirm(by_credit=True)),
        (5, "confirm by card", lambda: shop.confirm(by_credit=False)),
        (2, "pay unpaid by credit", lambda: shop.pay_unpaid(by_credit=True)),
        (2, "pay unpaid by card", lambda: shop.pay_unpaid(by_credit=False)),
        (1, "cancel", shop.cancel),
        (4, "approved", lambda: shop.callback("Approved")),
        (2, "declined", lambda: shop.callback("Declined")),
        (1, "expired", lambda: shop.callback("Expired")),
        (1, "pending", lambda: shop.callback("Pending")),
    ]
    weights = [weight for weight, _, _ in steps]
    with pages.test_request_context("/"):
        for _ in range(STEPS):
            _, name, step = shop.random.choices(steps, weights)[0]
            try:
                step()
                shop.done.append(name)
            except (PortalError, KeyError):
                shop.done.append(f"{name} refused")
        shop.check()
    assert Order.select().where(Order.paid_at.is_null(False)).exists(), shop.done
    assert run_checks() == {}
