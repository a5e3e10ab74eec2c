"""Pay from internal credit: one form, one order, one debit. See docs/rules/payments.md."""

from __future__ import annotations

import pytest
from flask import Flask

from models import CreditEntry, Order, PaymentTransaction, Product, Refcode, ReferralReward, Settlement, User
from portal.payments import credit_balance
from tests.factories import give_credit, make_product
from tests.web.pages import text_of
from tests.web.visitor import Visitor

FORM = {"method": "credit", "checkoutKey": "one key"}


@pytest.fixture
def product(database: str) -> Product:
    return make_product(price_minor=50_000, stock=5)


def test_credit_payment_shows_the_credited_referrer(
    app: Flask, as_owner: Visitor, owner: User, product: Product, code: Refcode
) -> None:
    woken_jobs: list[str] = []
    app.extensions["portal"].wake = woken_jobs.append
    as_owner.fill_cart((product.id, 1))
    as_owner.set_cookie("ring_ref", code.code)
    give_credit(owner, 60_000)
    answer = as_owner.check_out("credit")
    order = Order.get()
    assert answer.status_code == 303
    assert answer.location == f"/checkout/processing/{order.order_reference}"
    page = as_owner.get(answer.location)
    assert code.code in text_of(page)
    assert 'class="notice notice-success"' in page.text
    assert credit_balance(owner.id, "UAH") == 10_000
    assert (order.status, ReferralReward.get().status) == ("paid", "approved")
    assert woken_jobs == ["mint_rewards"]
    assert as_owner.cart() == {}
    assert 'class="notice notice-success"' not in as_owner.get(answer.location).text


def test_repeated_form_pays_once(as_owner: Visitor, owner: User, product: Product) -> None:
    give_credit(owner, 500_000)
    for _ in range(2):
        as_owner.fill_cart((product.id, 1))
        assert as_owner.check_out("credit").status_code == 303
    assert Order.select().count() == PaymentTransaction.select().count() == Settlement.select().count() == 1
    assert CreditEntry.select().where(CreditEntry.amount_minor < 0).count() == 1
    assert Product.get_by_id(product.id).stock == 4


def test_insufficient_credit_keeps_the_cart_and_places_no_order(
    as_owner: Visitor, owner: User, product: Product
) -> None:
    give_credit(owner, 49_999)
    as_owner.fill_cart((product.id, 1))
    page = as_owner.check_out("credit", prefix="/uk")
    assert page.status_code == 409
    assert 'class="error-summary"' in page.text
    assert as_owner.cart() == {str(product.id): 1}
    assert credit_balance(owner.id, "UAH") == 49_999
    for table in (Order, PaymentTransaction, ReferralReward, Settlement):
        assert not table.select().exists(), table


def test_card_works_with_the_same_key_after_insufficient_credit(as_owner: Visitor, product: Product) -> None:
    as_owner.fill_cart((product.id, 1))
    assert as_owner.check_out("credit").status_code == 409
    assert as_owner.check_out("wayforpay").status_code == 200
    assert Order.select().count() == 1


def test_order_sent_to_the_provider_can_be_paid_by_credit(
    as_owner: Visitor, owner: User, product: Product
) -> None:
    give_credit(owner, 500_000)
    as_owner.fill_cart((product.id, 1))
    as_owner.check_out("wayforpay")
    as_owner.fill_cart((product.id, 1))
    assert as_owner.check_out("credit").status_code == 303
    assert credit_balance(owner.id, "UAH") == 500_000 - product.price_minor
    assert Order.get().status == "paid"


def test_forged_token_spends_nothing(as_owner: Visitor, owner: User, product: Product) -> None:
    give_credit(owner, 500_000)
    as_owner.fill_cart((product.id, 1))
    assert as_owner.post("/checkout", data={**FORM, "csrf_token": "forged"}).status_code == 400
    assert credit_balance(owner.id, "UAH") == 500_000
