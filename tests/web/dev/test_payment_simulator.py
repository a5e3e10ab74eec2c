"""The payment simulator of development verifies and signs like the provider and is absent in production."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
import requests
from flask import Flask

from models import Order, PaymentEvent, PaymentTransaction, User
from portal.payments.provider import PurchaseLine
from portal.payments.providers.wayforpay.api import (
    check_status_request,
    is_authentic_refund_answer,
    refund_request,
)
from portal.payments.providers.wayforpay.callbacks import is_authentic, parse_callback
from portal.payments.providers.wayforpay.purchase import purchase_form
from portal.payments.providers.wayforpay.signature import sign
from portal.settings import TEST_MERCHANT_ACCOUNT, TEST_MERCHANT_SECRET
from tests.factories import make_order, make_payment
from tests.support.http_answers import answer_calls
from tests.web.conftest import MakeApp, visitor
from tests.web.pages import form_fields
from tests.web.visitor import Visitor

PAY, ACT, API = "/dev/wayforpay/pay", "/dev/wayforpay/act", "/dev/wayforpay/api"


@pytest.fixture
def purchase(as_owner: Visitor, owner: User) -> dict[str, list[str]]:
    """Return the fields of a real purchase form."""
    order = make_order(owner)
    return form_fields(as_owner.submit(f"/checkout/pay/{order.id}"), f"http://localhost{PAY}")


@pytest.fixture
def sent(app: Flask, monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """Deliver callbacks to this application and collect their bodies."""
    bodies: list[bytes] = []

    def deliver(call: requests.PreparedRequest) -> tuple[int, bytes]:
        assert isinstance(call.body, bytes)
        bodies.append(call.body)
        response = visitor(app).post(call.path_url, data=call.body, content_type=call.headers["Content-Type"])
        return response.status_code, response.data

    answer_calls(monkeypatch, deliver)
    return bodies


def test_signed_form_opens_the_page(client: Visitor, purchase: dict[str, list[str]]) -> None:
    page = client.post(PAY, data=purchase)
    assert page.status_code == 200
    assert "1,000.00" in page.text or "1000.00" in page.text
    assert "simulator" in page.text.lower()


@pytest.mark.parametrize(
    "field", ["amount", "merchantSignature", "orderReference", "productPrice[]", "currency"]
)
def test_changed_form_is_refused(client: Visitor, purchase: dict[str, list[str]], field: str) -> None:
    for url in (PAY, ACT):
        page = client.post(url, data={**purchase, field: "1.00"})
        assert page.status_code == 400
    missing = {name: value for name, value in purchase.items() if name != field}
    assert client.post(PAY, data=missing).status_code == 400


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [("pay", "paid"), ("decline", "failed"), ("pending", "pending"), ("expire", "cancelled")],
)
def test_outcome_sends_a_signed_callback(
    client: Visitor, purchase: dict[str, list[str]], sent: list[bytes], outcome: str, expected: str
) -> None:
    page = client.post(ACT, data={**purchase, "standInAction": outcome})
    assert page.status_code == 200
    assert is_authentic(parse_callback(sent[0]), TEST_MERCHANT_SECRET)
    assert PaymentTransaction.get().status == expected
    order = Order.get()
    assert f"/checkout/return/{order.order_reference}" in page.text


def test_duplicated_reordered_and_forged_callbacks_can_be_requested(
    client: Visitor, purchase: dict[str, list[str]], sent: list[bytes]
) -> None:
    options = {"standInCopies": "3", "standInReorder": "1", "standInForge": "1", "standInWrongAmount": "1"}
    page = client.post(ACT, data={**purchase, "standInAction": "pay", **options})
    assert page.status_code == 200
    statuses = [json.loads(body)["transactionStatus"] for body in sent]
    assert statuses.count("Approved") == 5
    assert statuses[-1] == "Pending"
    assert PaymentTransaction.get().status == "paid"


@pytest.mark.parametrize(
    ("option", "reason"),
    [
        ("standInForge", "bad_signature"),
        ("standInWrongAmount", "wrong_amount"),
        ("standInWrongCurrency", "wrong_currency"),
        ("standInUnknownReference", "unknown_reference"),
    ],
)
def test_each_faulty_callback_is_refused_without_effect(
    client: Visitor, purchase: dict[str, list[str]], sent: list[bytes], option: str, reason: str
) -> None:
    page = client.post(ACT, data={**purchase, "standInAction": "pay", option: "1"})
    assert page.status_code == 200
    events = list(PaymentEvent.select().order_by(PaymentEvent.id))
    assert [(event.outcome, event.reason) for event in events] == [
        ("unmatched" if reason == "unknown_reference" else "refused", reason),
        ("applied", None),
    ]
    assert PaymentTransaction.get().status == "paid"


def test_refund_callback_can_precede_the_payment(
    client: Visitor, purchase: dict[str, list[str]], sent: list[bytes]
) -> None:
    options = {"standInAction": "refund", "standInRefundAmount": "100.00", "standInReorder": "1"}
    client.post(ACT, data={**purchase, **options})
    assert [json.loads(body)["transactionStatus"] for body in sent] == ["Refunded", "Approved"]
    payment = PaymentTransaction.get()
    assert (payment.status, payment.refunded_minor) == ("paid", 10_000)


def test_callback_can_be_dropped(client: Visitor, purchase: dict[str, list[str]], sent: list[bytes]) -> None:
    assert client.post(ACT, data={**purchase, "standInCopies": "0"}).status_code == 200
    assert not sent
    assert PaymentTransaction.get().status == "redirected"


def test_delayed_callback_is_announced_and_sent(
    client: Visitor, purchase: dict[str, list[str]], sent: list[bytes]
) -> None:
    page = client.post(ACT, data={**purchase, "standInDelay": "1", "standInCopies": "2"})
    assert "They are sent in 1 second. A restart of the portal forgets them." in page.text
    assert PaymentTransaction.get().status == "redirected"
    for _ in range(100):
        if PaymentEvent.select().where(PaymentEvent.outcome.is_null(False)).count() == 2:
            break
        time.sleep(0.1)
    assert PaymentTransaction.get().status == "paid"
    assert len(sent) == 2


def test_page_offers_every_fault(client: Visitor, purchase: dict[str, list[str]]) -> None:
    page = client.post(PAY, data=purchase).text
    for option in ("Copies", "Delay", "RefundAmount", "Reorder", "Forge", "WrongAmount", "WrongCurrency",
                 "UnknownReference"):  # fmt: skip
        assert f'name="standIn{option}"' in page, option


def test_used_reference_is_refused_with_1112_and_can_be_refunded(
    client: Visitor, purchase: dict[str, list[str]], sent: list[bytes]
) -> None:
    assert client.post(PAY, data=purchase).status_code == 200
    assert client.post(PAY, data=purchase).status_code == 200  # an unpaid form can be reloaded
    client.post(ACT, data={**purchase, "standInAction": "pay"})
    page = client.post(PAY, data=purchase)
    assert (page.status_code, "(1112)" in page.text) == (400, True)
    # The form on the error page still allows a refund.
    fields = {name: text for name, text in form_fields(page, ACT).items() if not name.startswith("standIn")}
    assert fields == purchase
    client.post(ACT, data={**fields, "standInAction": "refund"})
    assert PaymentTransaction.get().status == "refunded"


def test_wrong_amount_applies_to_refunds(
    client: Visitor, purchase: dict[str, list[str]], sent: list[bytes]
) -> None:
    client.post(ACT, data=purchase)
    client.post(ACT, data={**purchase, "standInAction": "refund", "standInWrongAmount": "1"})
    assert [event.outcome for event in PaymentEvent.select().order_by(PaymentEvent.id)] == [
        "applied",
        "refused",
        "applied",
    ]


def test_declined_order_is_paid_under_a_new_reference(
    as_owner: Visitor, client: Visitor, purchase: dict[str, list[str]], sent: list[bytes]
) -> None:
    client.post(ACT, data={**purchase, "standInAction": "decline"})
    assert "(1112)" in client.post(PAY, data=purchase).text
    order = Order.get()
    retry_form = form_fields(as_owner.submit(f"/checkout/pay/{order.id}"), f"http://localhost{PAY}")
    assert client.post(PAY, data=retry_form).status_code == 200
    client.post(ACT, data={**retry_form, "standInAction": "pay"})
    paid = Order.get()
    assert (paid.status, [paid.order_reference]) == ("paid", retry_form["orderReference"])


def test_purchase_of_another_merchant_is_refused(client: Visitor, purchase: dict[str, list[str]]) -> None:
    """The signature is valid, but the merchant account is not the store's."""
    form: Any = purchase_form(
        secret=TEST_MERCHANT_SECRET,
        merchant_account="another_shop",
        merchant_domain="localhost",
        order_reference="store_x_1",
        order_date=1_700_000_000,
        amount_minor=100,
        currency="UAH",
        lines=[PurchaseLine("Tea", 100, 1)],
        locale="en",
        return_url="http://localhost/",
        service_url="http://localhost/",
        client_email="",
    )
    assert "(1113)" in client.post(PAY, data=form).text


@pytest.mark.parametrize("change", ["swap", "amount_text", "missing", "extra_product"])
def test_purchase_signature_is_verified_strictly(
    client: Visitor, purchase: dict[str, list[str]], change: str
) -> None:
    changed = {name: list(values) for name, values in purchase.items()}
    if change == "swap":  # signed with prices before counts
        names = ("merchantAccount", "merchantDomainName", "orderReference", "orderDate", "amount", "currency",
                 "productName[]", "productPrice[]", "productCount[]")  # fmt: skip
        texts = [text for name in names for text in purchase[name]]
        changed["merchantSignature"] = [sign(TEST_MERCHANT_SECRET, texts)]
    elif change == "amount_text":  # 1000.00 was signed; 1000 is equal but a different string
        changed["amount"] = [str(int(float(purchase["amount"][0])))]
    elif change == "missing":
        del changed["merchantDomainName"]
    else:
        changed["productName[]"].append("One more")
    page = client.post(PAY, data=changed)
    assert (page.status_code, "(1113)" in page.text) == (400, True)


def test_invalid_options_do_not_fail(
    client: Visitor, purchase: dict[str, list[str]], sent: list[bytes]
) -> None:
    for options in (
        {"standInAction": "nonsense", "standInWrongAmount": "1"},
        {"standInCopies": "-1"},
        {"standInCopies": "999999"},
        {"standInCopies": "x"},
        {"standInDelay": "-1"},
        {"standInDelay": "0.5"},
        {"standInAction": "refund", "standInRefundAmount": "nonsense"},
    ):
        assert client.post(ACT, data={**purchase, **options}).status_code == 200, options
    assert len(sent) < 20


def test_simulator_is_absent_in_production_and_with_a_configured_url(make_app: MakeApp) -> None:
    real = {
        "portal_env": "production",
        "secret_key": "a secret key of the production tests",
        "app_url": "https://shop.example",
        "wayforpay_merchant_account": "shop",
        "wayforpay_secret_key": "a real secret",
    }
    for app in (make_app(**real), make_app(wayforpay_pay_url="https://secure.wayforpay.com/pay")):
        for url in (PAY, ACT, API):
            assert app.test_client().post(url).status_code == 404
        assert "payment_simulator" not in app.blueprints


# ---------------------------------------------------------------------- the JSON API


def call_api(client: Visitor, body: dict[str, Any]) -> dict[str, Any]:
    return dict(client.post(API, json=body).get_json())


def refund_of(order: Order, amount_minor: int, secret: str = TEST_MERCHANT_SECRET) -> dict[str, str]:
    return refund_request(
        secret, TEST_MERCHANT_ACCOUNT, order.order_reference, amount_minor, "UAH", "Returned"
    )


def test_refund_is_verified_and_signed(client: Visitor, owner: User) -> None:
    order = make_order(owner, paid=True)
    make_payment(order, "paid")
    for amount, status, code in (
        (100_000, "Refunded", "1100"),
        (1, "Refunded", "1100"),
        (100_001, "Declined", "1128"),
    ):
        response = call_api(client, refund_of(order, amount))
        assert (response["transactionStatus"], response["reasonCode"]) == (status, code)
        assert is_authentic_refund_answer(parse_callback(json.dumps(response).encode()), TEST_MERCHANT_SECRET)
    assert call_api(client, refund_of(order, 100, "wrong")) == {
        "reasonCode": 1113,
        "reason": "Invalid signature",
    }
    assert call_api(client, {**refund_of(order, 100), "amount": "5.00"})["reasonCode"] == 1113
    unknown = call_api(client, refund_of(Order(order_reference="store_none_1"), 100))
    assert (unknown["transactionStatus"], unknown["reasonCode"]) == ("Declined", "1127")
    invalid = {**refund_of(order, 100), "transactionType": "SALE"}
    assert call_api(client, invalid)["reasonCode"] == 1113


def signed(kind: str, texts: list[str], **fields: Any) -> dict[str, Any]:
    return {"transactionType": kind, "apiVersion": "1", **fields,
            "merchantSignature": sign(TEST_MERCHANT_SECRET, texts)}  # fmt: skip


def test_api_request_signatures_are_verified_strictly(client: Visitor, owner: User) -> None:
    order = make_order(owner, paid=True)
    make_payment(order, "paid")
    reference = order.order_reference
    good = refund_of(order, 10_000)
    assert call_api(client, good)["reasonCode"] == "1100"
    account = TEST_MERCHANT_ACCOUNT
    bad = [
        {**good, "amount": "100"},  # equal amount, different string
        {**good, "amount": 100.0},
        *[{name: value for name, value in good.items() if name != removed} for removed in
          ("merchantAccount", "orderReference", "amount", "currency", "merchantSignature", "transactionType")],
        # Signed in another field order, or over a missing field.
        signed("REFUND", [account, reference, "UAH", "100.00"], merchantAccount=account, orderReference=reference,
               amount="100.00", currency="UAH", comment="x"),
        signed("REFUND", [account, reference, "100.00", ""], merchantAccount=account, orderReference=reference,
               amount="100.00", comment="x"),
        signed("CHECK_STATUS", [reference, account], merchantAccount=account, orderReference=reference),
        signed("CHECK_STATUS", [account, ""], merchantAccount=account),
        signed("CHECK_STATUS", ["another_shop", reference], merchantAccount="another_shop", orderReference=reference),
        signed("CHECK_STATUS", [account, reference], merchantAccount=account, orderReference=[reference]),
    ]  # fmt: skip
    for body in bad:
        assert call_api(client, body)["reasonCode"] == 1113, body
    for removed in ("comment", "apiVersion"):
        body = {name: value for name, value in good.items() if name != removed}
        assert call_api(client, body)["reasonCode"] == 1109, removed


@pytest.mark.parametrize(
    ("status", "refunded", "transaction_status"),
    [
        ("paid", 0, "Approved"),
        ("paid", 5_000, "Refunded"),
        ("refunded", 100_000, "Refunded"),
        ("failed", 0, "Declined"),
        ("cancelled", 0, "Expired"),
        ("redirected", 0, "InProcessing"),
    ],
)
def test_status_response_is_signed_like_a_callback(
    client: Visitor, owner: User, status: str, refunded: int, transaction_status: str
) -> None:
    order = make_order(owner)
    make_payment(order, status, refunded_minor=refunded)
    request = check_status_request(TEST_MERCHANT_SECRET, TEST_MERCHANT_ACCOUNT, order.order_reference)
    response = call_api(client, request)
    assert response["transactionStatus"] == transaction_status
    assert response["refundAmount"] == f"{refunded // 100}.00"
    assert is_authentic(parse_callback(json.dumps(response).encode()), TEST_MERCHANT_SECRET)


def test_body_other_than_an_object_is_refused(client: Visitor) -> None:
    for body in (b"", b"[]", b"x", b"[" * 5_000):
        assert client.post(API, data=body, content_type="application/json").status_code in (200, 400)
