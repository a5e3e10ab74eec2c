"""Placing an order: catalogue prices and attribution."""

from __future__ import annotations

import pytest

from models import Order, OrderItem, Product, Refcode
from portal.accounts import register_wallet
from portal.catalogue import CartLine, CurrencyMixed, ProductUnknown, StockShort
from portal.db import SYSTEM
from portal.flows.checkout.place_order import place_order
from portal.flows.demo.seed_demo import DEMO_WALLETS
from tests.flows.conftest import Store, settings_with


def test_first_purchase_with_code_is_attributed(store: Store) -> None:
    order = store.place(store.newcomer("ann"), cookie=store.code).order
    assert (order.referral_code, order.referrer_user_id) == (store.code, store.user("referrer").id)
    assert order.referrer_wallet == DEMO_WALLETS["referrer"]
    assert order.referral_reason is None
    assert [step["guard"] for step in order.referral_trace] == [
        "code_known",
        "not_self",
        "no_wallet_overlap",
        "first_purchase",
    ]
    assert order.referral_trace[0]["source"] == "cookie"


@pytest.mark.parametrize(
    ("cookie", "reason", "detail"),
    [
        (None, "no_code", "absent"),
        ("nonsense!", "unknown_code", "malformed"),
        ("22222222", "unknown_code", "unknown"),
    ],
)
def test_order_without_usable_code_is_not_attributed(
    store: Store, cookie: str | None, reason: str, detail: str
) -> None:
    order = store.place(store.newcomer("ann"), cookie=cookie).order
    assert (order.referral_code, order.referral_reason) == (None, reason)
    assert order.referral_trace[0]["detail"] == detail


def test_deactivated_code_attributes_nothing_new(store: Store) -> None:
    Refcode.update(active=False).execute()
    order = store.place(store.newcomer("ann"), cookie=store.code).order
    assert order.referral_reason == "unknown_code"
    assert order.referral_trace[0]["detail"] == "inactive"


def test_self_referral_is_refused(store: Store) -> None:
    order = store.place(store.user("referrer"), cookie=store.code).order
    assert order.referral_reason == "self_referral"


def test_wallet_overlap_is_refused(store: Store) -> None:
    buyer = store.newcomer("ann")
    Refcode.update(wallet_address="0x" + "ab" * 20).execute()
    register_wallet(buyer.id, "0x" + "AB" * 20, SYSTEM)
    assert store.place(buyer, cookie=store.code).order.referral_reason == "wallet_overlap"


def test_second_purchase_is_not_attributed(store: Store) -> None:
    buyer = store.newcomer("ann")
    store.pay(buyer)
    assert store.place(buyer, cookie=store.code).order.referral_reason == "not_first_purchase"


def test_account_code_is_used_without_cookie(store: Store) -> None:
    order = store.place(store.newcomer("ann", referred=True)).order
    assert order.referral_code == store.code
    assert order.referral_trace[0]["source"] == "account"


def test_account_code_is_ignored_when_setting_is_off(store: Store) -> None:
    buyer = store.newcomer("ann", referred=True)
    off = settings_with(referral_account_fallback=False)
    placed = place_order(buyer, [CartLine(store.product("city-map").id, 1)], None, off)
    assert placed.order.referral_reason == "no_code"


def test_prices_and_total_come_from_catalogue(store: Store) -> None:
    tea = store.product("mountain-tea")
    order = place_order(store.newcomer("ann"), [CartLine(tea.id, 3)], None, store.settings).order
    assert order.total_minor == 3 * tea.price_minor
    assert OrderItem.get(OrderItem.order == order.id).unit_price_minor == tea.price_minor


def test_more_than_stock_is_refused_and_writes_nothing(store: Store) -> None:
    Product.update(stock=2).where(Product.slug == "city-map").execute()
    lines = [CartLine(store.product("city-map").id, 3)]
    with pytest.raises(StockShort) as caught:
        place_order(store.newcomer("ann"), lines, None, store.settings)
    assert caught.value.params["available"] == 2
    assert not Order.select().exists()


def test_unknown_or_withdrawn_product_is_refused(store: Store) -> None:
    Product.update(active=False).where(Product.slug == "city-map").execute()
    for product_id in (store.product("city-map").id, 10**9):
        with pytest.raises(ProductUnknown):
            place_order(store.newcomer(f"u{product_id}"), [CartLine(product_id, 1)], None, store.settings)


def test_mixed_currencies_are_refused(store: Store) -> None:
    Product.update(currency="USD").where(Product.slug == "city-map").execute()
    with pytest.raises(CurrencyMixed):
        store.place(store.newcomer("ann"))


def test_repeated_checkout_key_creates_one_order(store: Store) -> None:
    buyer = store.newcomer("ann")
    first, second = (store.place(buyer, key="form-1").order for _ in range(2))
    assert first.id == second.id
    assert store.place(store.newcomer("bob"), key="form-1").order.id != first.id
