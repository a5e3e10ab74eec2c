"""A sale in a currency with 0, 3 or 4 decimals, from its price to the files. See docs/rules/payments.md."""

from __future__ import annotations

import json

import pytest
from flask import Flask

from models import Order, Payout, Product, Refcode, ReferralReward, Settlement, User
from portal.db import Actor
from portal.db.checks import run_checks
from portal.flows.payouts.pay_settlements import run_payouts
from portal.payments.providers.wayforpay.callbacks import sign_callback
from portal.runtime import Portal
from tests.factories import give_credit, make_product, make_vendor
from tests.web.exports.ledger_files import export_rows
from tests.web.pages import text_of
from tests.web.visitor import Visitor, error_of

# Currency, price in minor units, and the texts of the price, of two pieces, and of the platform's 20%.
CURRENCIES = [
    ("JPY", 1_501, "1501", "3002", "600"),
    ("KWD", 1_501, "1.501", "3.002", "0.600"),
    ("CLF", 12_345, "1.2345", "2.4690", "0.4938"),
    ("RSD", 99_999, "999.99", "1999.98", "400.00"),
]


def order_two(browser: Visitor, product: Product) -> dict[str, str]:
    answer = browser.send("/api/store/orders", {"items": [{"productId": product.id, "quantity": 2}]})
    assert answer.status_code == 201
    return dict(answer.get_json())


@pytest.mark.parametrize(("currency", "price", "unit", "total", "platform"), CURRENCIES)
def test_sale_in_any_currency(
    app: Flask,
    as_owner: Visitor,
    as_admin: Visitor,
    owner: User,
    code: Refcode,
    currency: str,
    price: int,
    unit: str,
    total: str,
    platform: str,
) -> None:
    vendor = make_vendor(config_hold_days=0, config_payout_frequency="INSTANT")
    product = make_product(vendor, price_minor=price, currency=currency, stock=5)
    give_credit(owner, 2 * price, currency)
    (offered,) = as_owner.get("/api/store/products").get_json()
    assert (offered["price"], offered["currency"]) == (unit, currency)
    as_owner.fill_cart((product.id, 2))
    for page in ("/", "/cart", "/checkout", "/uk/cart", "/ru/checkout", "/account/credit"):
        assert as_owner.get(page).status_code == 200
    as_owner.set_cookie("ring_ref", code.code)
    placed = order_two(as_owner, product)
    assert (placed["total"], placed["currency"]) == (total, currency)
    paid = as_owner.send("/api/store/payments/credit", {"orderId": placed["orderId"]})
    assert paid.get_json()["success"]

    (settlement,) = Settlement.select()
    breakdown = settlement.metadata["commissionBreakdown"]
    assert (settlement.amount_minor, breakdown["platformCommission"]) == (2 * price, platform)
    assert ReferralReward.get().failure_reason == "rate_missing"
    (reward,) = as_admin.get("/api/admin/rewards?status=failed").get_json()["rewards"]
    assert (reward["orderTotal"], reward["currency"], reward["rewardAmount"]) == (total, currency, None)
    assert currency in text_of(as_admin.get("/admin/refcodes?status=failed"))
    (batch_id,) = run_payouts(app.extensions["portal"].settings, Actor.job("test")).batch_ids
    assert Payout.get().amount_minor == settlement.net_payout_minor
    assert run_checks() == {}

    reference = placed["orderReference"]
    pages = (
        f"/audit?orderReference={reference}",
        "/journal",
        "/store/commissions",
        "/store/commissions/batches",
    )
    for page in (*pages, f"/store/commissions/batches/{batch_id}"):
        assert as_admin.get(f"/admin{page}").status_code == 200
    (row,) = export_rows(as_admin, "settlements")
    assert (row["amount_minor"], row["amount"], row["platform_commission"]) == (
        str(2 * price),
        total,
        platform,
    )
    (row,) = export_rows(as_owner, "my-orders")
    assert (row["total"], row["currency"]) == (total, currency)
    (row,) = export_rows(as_admin, "rewards")
    assert (row["order_total"], row["reward_amount"], row["failure_reason"]) == (total, "", "rate_missing")


@pytest.mark.parametrize(("currency", "price", "unit", "total", "platform"), CURRENCIES[:2])
def test_card_payment_carries_the_decimals_of_the_currency(
    app: Flask,
    as_owner: Visitor,
    client: Visitor,
    currency: str,
    price: int,
    unit: str,
    total: str,
    platform: str,
) -> None:
    placed = order_two(as_owner, make_product(price_minor=price, currency=currency, stock=5))
    form = as_owner.send("/api/store/payments/wayforpay", {"orderId": placed["orderId"]}).get_json()
    fields = form["fields"]
    assert (fields["amount"], fields["productPrice[]"], fields["currency"]) == (total, [unit], currency)
    running: Portal = app.extensions["portal"]
    callback = {
        "merchantAccount": running.settings.wayforpay_merchant_account,
        "orderReference": form["orderReference"],
        "amount": total,
        "currency": currency,
        "authCode": "541963",
        "cardPan": "41****8217",
        "transactionStatus": "Approved",
        "reasonCode": "1100",
    }
    body = sign_callback(running.settings.wayforpay_secret_key.get_secret_value(), callback)
    assert client.post("/api/payments/wayforpay/webhook", data=json.dumps(body)).status_code == 200
    assert Order.get().status == "paid"
    assert (Settlement.get().amount_minor, run_checks()) == (2 * price, {})


@pytest.mark.parametrize("currency", ["BTC", "BGN", "XAU"])
def test_old_product_in_an_unlisted_currency_is_shown_and_cannot_be_ordered(
    as_owner: Visitor, currency: str
) -> None:
    product = make_product(price_minor=1_234, currency=currency, stock=5)
    as_owner.fill_cart((product.id, 1))
    for page in ("/", f"/products/{product.slug}", "/cart", "/checkout", "/api/store/products"):
        assert as_owner.get(page).status_code == 200
    answer = as_owner.send("/api/store/orders", {"items": [{"productId": product.id, "quantity": 1}]})
    assert (answer.status_code, error_of(answer)["code"]) == (422, "currency_unknown")
    assert not Order.select().exists()


def test_old_rows_in_an_unlisted_currency_are_shown(
    as_admin: Visitor, as_owner: Visitor, owner: User
) -> None:
    give_credit(owner, 1_234)
    Order.raw("UPDATE credit_balances SET currency = 'BGN'").execute()
    assert "12.34 BGN" in text_of(as_owner.get("/account/credit"))
    assert "12.34 BGN" in text_of(as_admin.get(f"/admin/credit?account={owner.email}"))
