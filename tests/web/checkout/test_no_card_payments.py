"""`CARD_PAYMENTS=false`: nobody can pay by card, on pages and in the API. See docs/rules/payments.md."""

from __future__ import annotations

import json

import pytest

from models import Order, PaymentTransaction, User, Vendor
from portal.payments.providers.wayforpay.callbacks import sign_callback
from portal.settings import TEST_MERCHANT_ACCOUNT, TEST_MERCHANT_SECRET
from tests.factories import give_credit, make_order, make_payment, make_product
from tests.web.conftest import MakeApp, visitor
from tests.web.pages import text_of
from tests.web.vendor.test_statement_pages import open_for
from tests.web.visitor import Visitor, error_of

OFF = "Card payments are switched off here"
WEBHOOK = "/api/payments/wayforpay/webhook"


@pytest.fixture
def buyer(make_app: MakeApp, owner: User) -> Visitor:
    return visitor(make_app(card_payments=False), owner)


def callback(order: Order, account: str, secret: str) -> bytes:
    fields = {
        "merchantAccount": account,
        "orderReference": order.order_reference,
        "amount": "500.00",
        "currency": "UAH",
        "authCode": "1",
        "cardPan": "41****8217",
        "transactionStatus": "Approved",
        "reasonCode": "1100",
    }
    return json.dumps(sign_callback(secret, fields)).encode()


def test_checkout_takes_credit_only(buyer: Visitor, owner: User) -> None:
    buyer.fill_cart((make_product(price_minor=50_000).id, 1))
    page = buyer.get("/checkout")
    assert OFF in text_of(page)
    assert "Pay 500.00" not in text_of(page)
    assert buyer.check_out("wayforpay").status_code == 404
    assert not PaymentTransaction.select().exists()
    give_credit(owner, 60_000)
    page = buyer.get("/checkout")
    assert OFF not in text_of(page)
    assert 'value="wayforpay"' not in page.text
    assert 'name="method" value="credit" checked' in page.text
    assert buyer.check_out("credit").status_code == 303
    assert Order.get().status == "paid"


def test_unpaid_order_says_so(buyer: Visitor, owner: User) -> None:
    order = make_order(owner)
    path = f"/checkout/processing/{order.order_reference}"
    for page in ("/orders", f"/orders/{order.id}"):
        text = buyer.get(page).text
        assert f'href="{path}"' in text
        assert f"/checkout/pay/{order.id}" not in text
    assert OFF in text_of(buyer.get(path))
    give_credit(owner, order.total_minor)
    assert OFF not in text_of(buyer.get(path))


def test_api_refuses_card_payments(buyer: Visitor, owner: User) -> None:
    order = make_order(owner)
    answer = buyer.send("/api/store/payments/wayforpay", {"orderId": order.id})
    assert (answer.status_code, error_of(answer)["code"]) == (404, "provider_unknown")
    assert buyer.send("/api/membership/upgrade", {"tier": "MEMBER"}).status_code == 404
    assert not PaymentTransaction.select().exists()


def test_memberships_cannot_be_bought(buyer: Visitor) -> None:
    page = text_of(buyer.get("/membership"))
    assert OFF in page
    assert "Pay for a month" not in page


def test_vendor_pays_a_statement_by_transfer(make_app: MakeApp, seller: User) -> None:
    statement = open_for(Vendor.get(Vendor.user == seller.id))
    browser = visitor(make_app(card_payments=False), seller)
    page = text_of(browser.get(f"/vendor/statements/{statement.id}"))
    assert f"Transfer 500.00 UAH to the portal operator and quote statement {statement.id}." in page
    assert "Pay 500.00" not in page
    assert browser.submit(f"/vendor/statements/{statement.id}/pay").status_code == 404


def test_published_secret_cannot_sign_a_callback(buyer: Visitor, owner: User) -> None:
    payment = make_payment(make_order(owner))
    body = callback(Order.get(), TEST_MERCHANT_ACCOUNT, TEST_MERCHANT_SECRET)
    assert buyer.post(WEBHOOK, data=body).status_code == 404
    assert PaymentTransaction.get_by_id(payment.id).status != "paid"


def test_configured_merchant_still_reports_earlier_payments(make_app: MakeApp, owner: User) -> None:
    order = make_order(owner, total_minor=50_000)
    payment = make_payment(order)
    account, secret = "shop_example", "the merchant's own secret"
    app = make_app(card_payments=False, wayforpay_merchant_account=account, wayforpay_secret_key=secret)
    assert visitor(app).post(WEBHOOK, data=callback(order, account, secret)).status_code == 200
    assert PaymentTransaction.get_by_id(payment.id).status == "paid"
