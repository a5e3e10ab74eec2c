"""Orders of 0.00 complete without a provider; sales that earn nothing leave no reward. See docs/rules/payments.md."""

from __future__ import annotations

from decimal import Decimal

import pytest

from models import (
    CreditEntry,
    MerchantConfig,
    Order,
    PaymentTransaction,
    Product,
    RailFailure,
    ReferralReward,
    SalesAssist,
    Settlement,
    User,
)
from portal.catalogue import CartLine, StockShort
from portal.db import SYSTEM
from portal.db.checks import run_checks
from portal.flows.audit.audit_reference import audit_reference
from portal.flows.checkout.begin_payment import begin_order_payment
from portal.flows.checkout.decide_attribution import preview_attribution
from portal.flows.checkout.place_order import prepare_order, price_lines
from portal.flows.checkout.settle_payment import complete_if_free, pay_with_credit
from portal.payments import Redirect, add_credit
from portal.settings import Settings
from tests.flows.conftest import Store

pytestmark = pytest.mark.system_postgres


def set_price(price_minor: int, *slugs: str) -> None:
    Product.update(price_minor=price_minor).where(Product.slug.in_(slugs)).execute()


def set_percent(percent: int) -> None:
    MerchantConfig.update(referral_percent=Decimal(percent)).execute()
    Product.update(referral_percent=Decimal(percent)).execute()


@pytest.fixture
def buyer(store: Store) -> User:
    set_price(0, "city-map")
    return store.newcomer("ann")


def assert_nothing_remains(store: Store, order: Order) -> None:
    for table in (Settlement, ReferralReward, SalesAssist, RailFailure, CreditEntry):
        rows = table.select().where(table.order_reference == order.order_reference)
        assert not rows.exists(), table
    assert run_checks() == {}
    assert audit_reference(order.order_reference, store.chain, store.settings).differences == []


@pytest.mark.parametrize("way", ["order", "card", "credit", "card then credit", "unpriced"])
def test_free_order_completes_without_a_provider(store: Store, buyer: User, way: str) -> None:
    order = store.place(buyer, "city-map", cookie=store.code).order
    stock = store.product("city-map").stock
    settings = Settings(_env_file=None) if way == "unpriced" else store.settings
    if way in ("order", "unpriced"):
        assert complete_if_free(order, buyer, settings)
    if way.startswith("card"):
        departure = begin_order_payment(order.id, buyer, "uk", store.settings, "wayforpay")
        assert isinstance(departure, Redirect)
        assert departure.url.endswith(f"/uk/checkout/processing/{order.order_reference}")
    if way.endswith("credit"):
        assert pay_with_credit(order.id, buyer, store.chain, store.settings).status == "paid"
    paid = Order.get_by_id(order.id)
    assert (paid.status, paid.order_reference) == ("paid", order.order_reference)
    assert PaymentTransaction.get().status == "paid"
    assert store.product("city-map").stock == stock - 1
    assert_nothing_remains(store, paid)


def test_free_order_does_not_use_up_the_first_purchase(store: Store, buyer: User) -> None:
    free = store.place(buyer, "city-map", cookie=store.code).order
    complete_if_free(free, buyer, store.settings)
    real = store.pay(buyer, "mountain-tea", cookie=store.code)
    assert (real.referral_code, real.referral_reason) == (store.code, None)
    assert [row.order_reference for row in ReferralReward.select()] == [real.order_reference]
    assert not preview_attribution(buyer, store.code, store.settings).decision.applied
    assert run_checks() == {}


def test_free_order_of_what_is_sold_out_is_refused(store: Store, buyer: User) -> None:
    order = store.place(buyer, "city-map").order
    store.set_stock("city-map", 0)
    with pytest.raises(StockShort):
        complete_if_free(order, buyer, store.settings)
    assert Order.get_by_id(order.id).status == "created"
    assert not PaymentTransaction.select().exists()


def test_free_line_of_another_vendor_has_no_settlement(store: Store, buyer: User) -> None:
    order = store.pay(buyer, "mountain-tea", "city-map", cookie=store.code)
    (settlement,) = Settlement.select()
    assert settlement.vendor_id == store.product("mountain-tea").vendor_id
    assert settlement.amount_minor == order.total_minor
    assert ReferralReward.select().count() == 1
    assert run_checks() == {}
    assert audit_reference(order.order_reference, store.chain, store.settings).differences == []


@pytest.mark.parametrize("way", ["card", "credit"])
@pytest.mark.parametrize("priced", [True, False])
def test_sale_at_zero_percent_leaves_no_reward(store: Store, way: str, priced: bool) -> None:
    set_percent(0)
    if not priced:
        store.settings = Settings(_env_file=None)
    buyer = store.newcomer("ann")
    add_credit(buyer.id, 100_000, "UAH", "A gift", SYSTEM)
    if way == "card":
        order = store.pay(buyer, cookie=store.code)
    else:
        order = store.place(buyer, cookie=store.code).order
        order = pay_with_credit(order.id, buyer, store.chain, store.settings)
    assert order.referral_code == store.code
    assert not ReferralReward.select().exists()
    assert not RailFailure.select().exists()
    assert run_checks() == {}
    assert audit_reference(order.order_reference, store.chain, store.settings).differences == []


@pytest.mark.parametrize(
    ("percent", "price_minor", "earns"), [(5, 100, True), (0, 100, False), (5, 0, False)]
)
def test_review_promises_a_reward_only_where_one_is_earned(
    store: Store, percent: int, price_minor: int, earns: bool
) -> None:
    set_percent(percent)
    set_price(price_minor, "city-map")
    lines = [CartLine(store.product("city-map").id, 1)]
    assert price_lines(lines)[0].unit_price_minor == price_minor
    prepared = prepare_order(store.newcomer("ann"), lines, store.code, store.settings)
    assert (prepared.review.referral_code, prepared.review.earns_reward) == (store.code, earns)
