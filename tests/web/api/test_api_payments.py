"""`POST /api/store/payments/*` and `POST /api/membership/upgrade`."""

from __future__ import annotations

import pytest

from models import (
    CreditEntry,
    Notification,
    PaymentTransaction,
    Product,
    Refcode,
    ReferralReward,
    SalesAssist,
    Settlement,
    User,
)
from portal.payments import credit_balance
from portal.payments.providers.wayforpay.purchase import verify_purchase
from portal.settings import TEST_MERCHANT_SECRET
from tests.factories import give_credit, make_order, make_payment, make_product
from tests.web.visitor import Visitor, error_of

WAYFORPAY = "/api/store/payments/wayforpay"
CREDIT = "/api/store/payments/credit"
UPGRADE = "/api/membership/upgrade"


def test_purchase_form_passes_provider_verification(as_owner: Visitor, owner: User) -> None:
    order = make_order(owner, [(make_product(name="Tea; 100 g", price_minor=24_000), 2)])
    response = as_owner.send(f"/uk{WAYFORPAY}", {"orderId": order.id})
    assert response.status_code == 200
    result = response.get_json()
    assert set(result) == {"action", "method", "fields", "orderReference"}
    assert (result["method"], result["action"]) == ("POST", "http://localhost/dev/wayforpay/pay")
    fields = result["fields"]
    verify_purchase(TEST_MERCHANT_SECRET, fields)
    assert fields["amount"] == "480.00"
    assert fields["productCount[]"] == ["2"]
    assert fields["productPrice[]"] == ["240.00"]
    assert fields["orderReference"] == order.order_reference == result["orderReference"]
    assert fields["returnUrl"] == f"http://localhost/uk/checkout/return/{order.order_reference}"
    assert fields["serviceUrl"] == "http://localhost/api/payments/wayforpay/webhook"
    assert fields["language"] == "UA"
    payment = PaymentTransaction.get()
    assert (payment.status, payment.rail, payment.amount_minor) == ("redirected", "merchant_redirect", 48_000)


def test_repeated_request_reuses_the_payment(as_owner: Visitor, owner: User) -> None:
    order = make_order(owner)
    for _ in range(2):
        assert as_owner.send(WAYFORPAY, {"orderId": order.id}).status_code == 200
    assert PaymentTransaction.select().count() == 1


def test_credit_payment_writes_both_ledgers_immediately(
    as_owner: Visitor, owner: User, code: Refcode
) -> None:
    product = make_product()
    order = make_order(owner, [(product, 1)], code=code)
    give_credit(owner, 150_000)
    response = as_owner.send(CREDIT, {"orderId": order.id})
    assert response.status_code == 200
    assert response.get_json() == {
        "success": True,
        "orderReference": order.order_reference,
        "referralApplied": True,
        "referralCode": code.code,
    }
    assert credit_balance(owner.id, "UAH") == 50_000
    reward = ReferralReward.get()
    assert (reward.rail, reward.status) == ("crypto", "approved")
    assert reward.order_reference == Settlement.get().order_reference == SalesAssist.get().order_reference
    assert Product.get_by_id(product.id).stock == product.stock - 1


def test_credit_payment_without_referral_returns_a_reason(as_owner: Visitor, owner: User) -> None:
    order = make_order(owner)
    give_credit(owner, order.total_minor)
    result = as_owner.send(CREDIT, {"orderId": order.id}).get_json()
    assert set(result) == {
        "success", "orderReference", "referralApplied", "referralReason", "referralReasonText",
    }  # fmt: skip
    assert (result["referralApplied"], result["referralReason"]) == (False, "no_code")


def test_insufficient_credit_changes_nothing(as_owner: Visitor, owner: User, code: Refcode) -> None:
    order = make_order(owner, code=code)
    give_credit(owner, order.total_minor - 1)
    response = as_owner.send(CREDIT, {"orderId": order.id})
    assert (response.status_code, error_of(response)["code"]) == (409, "credit_short")
    assert credit_balance(owner.id, "UAH") == order.total_minor - 1
    for table in (PaymentTransaction, ReferralReward, Settlement, SalesAssist, Notification):
        assert not table.select().exists(), table


def test_credit_in_another_currency_is_not_used(as_owner: Visitor, owner: User) -> None:
    give_credit(owner, 10**9, "USD")
    response = as_owner.send(CREDIT, {"orderId": make_order(owner).id})
    assert error_of(response)["code"] == "credit_short"


def test_repeated_credit_payment_debits_once(as_owner: Visitor, owner: User) -> None:
    order = make_order(owner)
    give_credit(owner, 10 * order.total_minor)
    assert as_owner.send(CREDIT, {"orderId": order.id}).status_code == 200
    repeated = as_owner.send(CREDIT, {"orderId": order.id})
    assert (repeated.status_code, error_of(repeated)["code"]) == (409, "already_paid")
    assert CreditEntry.select().where(CreditEntry.amount_minor < 0).count() == 1
    paid = as_owner.send(WAYFORPAY, {"orderId": order.id})
    assert (paid.status_code, error_of(paid)["code"]) == (409, "already_paid")


def test_order_with_pending_payment_is_not_paid_by_credit(as_owner: Visitor, owner: User) -> None:
    order = make_order(owner)
    give_credit(owner, 10 * order.total_minor)
    make_payment(order, "pending")
    response = as_owner.send(CREDIT, {"orderId": order.id})
    assert (response.status_code, error_of(response)["code"]) == (409, "payment_in_progress")
    assert credit_balance(owner.id, "UAH") == 10 * order.total_minor


@pytest.mark.parametrize("route", [WAYFORPAY, CREDIT])
def test_only_the_buyer_pays_an_order(
    as_owner: Visitor, as_other: Visitor, other: User, owner: User, route: str
) -> None:
    order = make_order(owner)
    give_credit(other, 10**9)
    for order_id in (order.id, "no-such-order", "", "x" * 5_000):
        response = as_other.send(route, {"orderId": order_id})
        assert (response.status_code, error_of(response)["code"]) == (404, "order_unknown")
    assert not PaymentTransaction.select().exists()


NO_TEXTS = [None, 1, [], {}, True, "\x00", "\ud800"]


@pytest.mark.parametrize(("route", "name"), [(WAYFORPAY, "orderId"), (CREDIT, "orderId"), (UPGRADE, "tier")])
def test_ids_other_than_text_are_refused(as_owner: Visitor, route: str, name: str) -> None:
    for value in NO_TEXTS:
        response = as_owner.send(route, {name: value})
        assert response.status_code == 400, value
        error = error_of(response)
        assert (error["code"], list(error["fields"])) == ("field_invalid", [name]), value


def test_membership_upgrade_returns_a_signed_form(as_owner: Visitor, owner: User) -> None:
    response = as_owner.send(UPGRADE, {"tier": "MEMBER"})
    assert response.status_code == 200
    result = response.get_json()
    assert set(result) == {"action", "method", "fields", "orderReference"}
    verify_purchase(TEST_MERCHANT_SECRET, result["fields"])
    assert (result["fields"]["amount"], result["fields"]["currency"]) == ("299.00", "UAH")
    assert result["orderReference"].startswith(f"membership_{owner.id}_")
    payment = PaymentTransaction.get()
    assert (payment.purpose, payment.entity_id, payment.detail) == (
        "membership_upgrade",
        str(owner.id),
        {"tier": "MEMBER"},
    )


@pytest.mark.parametrize(
    ("tier", "status", "code"),
    [("SUBSCRIBER", 409, "tier_free"), ("GOLD", 422, "tier_unknown"), ("", 422, "tier_unknown"),
     ("member", 422, "tier_unknown")],
)  # fmt: skip
def test_unpayable_tiers_are_refused(as_owner: Visitor, tier: str, status: int, code: str) -> None:
    response = as_owner.send(UPGRADE, {"tier": tier})
    assert (response.status_code, error_of(response)["code"]) == (status, code)
    assert not PaymentTransaction.select().exists()
