"""The simulated provider of development: it verifies and signs as the provider does, and is absent in production."""

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
    """The fields of a real purchase form."""
    order = make_order(owner)
    return form_fields(as_owner.submit(f"/checkout/pay/{order.id}"), f"http://localhost{PAY}")


@pytest.fixture
def sent(app: Flask, monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """Deliver callbacks to this application and keep their bodies."""
    bodies: list[bytes] = []

    def deliver(call: requests.PreparedRequest) -> tuple[int, bytes]:
        assert isinstance(call.body, bytes)
        bodies.append(call.body)
        answer = visitor(app).post(call.path_url, data=call.body, content_type=call.headers["Content-Type"])
        return answer.status_code, answer.data

    answer_calls(monkeypatch, deliver)
    return bodies


def test_a_genuine_form_opens_the_page(client: Visitor, purchase: dict[str, list[str]]) -> None:
    page = client.post(PAY, data=purchase)
    assert page.status_code == 200
    assert "1,000.00" in page.text or "1000.00" in page.text
    assert "stand-in" in page.text.lower()


@pytest.mark.parametrize(
    "field", ["amount", "merchantSignature", "orderReference", "productPrice[]", "currency"]
)
def test_a_changed_form_is_refused_by_name(
    client: Visitor, purchase: dict[str, list[str]], field: str
) -> None:
    for url in (PAY, ACT):
        page = client.post(url, data={**purchase, field: "1.00"})
        assert page.status_code == 400
    missing = {name: value for name, value in purchase.items() if name != field}
    assert client.post(PAY, data=missing).status_code == 400


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [("pay", "paid"), ("decline", "failed"), ("pending", "pending"), ("expire", "cancelled")],
)
def test_an_outcome_is_a_genuine_callback(
    client: Visitor, purchase: dict[str, list[str]], sent: list[bytes], outcome: str, expected: str
) -> None:
    page = client.post(ACT, data={**purchase, "standInAction": outcome})
    assert page.status_code == 200
    assert is_authentic(parse_callback(sent[0]), TEST_MERCHANT_SECRET)
    assert PaymentTransaction.get().status == expected
    order = Order.get()
    assert f"/checkout/return/{order.order_reference}" in page.text


def test_duplicates_disorder_and_forgeries_on_request(
    client: Visitor, purchase: dict[str, list[str]], sent: list[bytes]
) -> None:
    wishes = {"standInCopies": "3", "standInReorder": "1", "standInForge": "1", "standInWrongAmount": "1"}
    page = client.post(ACT, data={**purchase, "standInAction": "pay", **wishes})
    assert page.status_code == 200
    statuses = [json.loads(body)["transactionStatus"] for body in sent]
    assert statuses.count("Approved") == 5
    assert statuses[-1] == "Pending"
    assert PaymentTransaction.get().status == "paid"


@pytest.mark.parametrize(
    ("wish", "reason"),
    [
        ("standInForge", "bad_signature"),
        ("standInWrongAmount", "wrong_amount"),
        ("standInWrongCurrency", "wrong_currency"),
        ("standInUnknownReference", "unknown_reference"),
    ],
)
def test_each_misbehaviour_is_what_it_says_and_harms_nothing(
    client: Visitor, purchase: dict[str, list[str]], sent: list[bytes], wish: str, reason: str
) -> None:
    page = client.post(ACT, data={**purchase, "standInAction": "pay", wish: "1"})
    assert page.status_code == 200
    events = list(PaymentEvent.select().order_by(PaymentEvent.id))
    assert [(event.outcome, event.reason) for event in events] == [
        ("unmatched" if reason == "unknown_reference" else "refused", reason),
        ("applied", None),
    ]
    assert PaymentTransaction.get().status == "paid"


def test_a_refund_may_come_before_its_payment(
    client: Visitor, purchase: dict[str, list[str]], sent: list[bytes]
) -> None:
    wishes = {"standInAction": "refund", "standInRefundAmount": "100.00", "standInReorder": "1"}
    client.post(ACT, data={**purchase, **wishes})
    assert [json.loads(body)["transactionStatus"] for body in sent] == ["Refunded", "Approved"]
    payment = PaymentTransaction.get()
    assert (payment.status, payment.refunded_minor) == ("paid", 10_000)


def test_a_callback_may_be_lost(client: Visitor, purchase: dict[str, list[str]], sent: list[bytes]) -> None:
    assert client.post(ACT, data={**purchase, "standInCopies": "0"}).status_code == 200
    assert not sent
    assert PaymentTransaction.get().status == "redirected"


def test_a_late_callback_comes_by_itself_and_the_page_says_what_it_is(
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


def test_the_page_offers_every_misbehaviour(client: Visitor, purchase: dict[str, list[str]]) -> None:
    page = client.post(PAY, data=purchase).text
    for wish in ("Copies", "Delay", "RefundAmount", "Reorder", "Forge", "WrongAmount", "WrongCurrency",
                 "UnknownReference"):  # fmt: skip
        assert f'name="standIn{wish}"' in page, wish


def test_a_used_reference_gets_1112_and_what_may_follow(
    client: Visitor, purchase: dict[str, list[str]], sent: list[bytes]
) -> None:
    assert client.post(PAY, data=purchase).status_code == 200
    assert client.post(PAY, data=purchase).status_code == 200  # still at the page: it may be reloaded
    client.post(ACT, data={**purchase, "standInAction": "pay"})
    page = client.post(PAY, data=purchase)
    assert (page.status_code, "(1112)" in page.text) == (400, True)
    # What the page offers still works: the provider refunds.
    kept = {name: text for name, text in form_fields(page, ACT).items() if not name.startswith("standIn")}
    assert kept == purchase
    client.post(ACT, data={**kept, "standInAction": "refund"})
    assert PaymentTransaction.get().status == "refunded"


def test_a_wrong_amount_is_wrong_for_a_refund_too(
    client: Visitor, purchase: dict[str, list[str]], sent: list[bytes]
) -> None:
    client.post(ACT, data=purchase)
    client.post(ACT, data={**purchase, "standInAction": "refund", "standInWrongAmount": "1"})
    assert [event.outcome for event in PaymentEvent.select().order_by(PaymentEvent.id)] == [
        "applied",
        "refused",
        "applied",
    ]


def test_a_declined_order_is_paid_under_another_reference(
    as_owner: Visitor, client: Visitor, purchase: dict[str, list[str]], sent: list[bytes]
) -> None:
    client.post(ACT, data={**purchase, "standInAction": "decline"})
    assert "(1112)" in client.post(PAY, data=purchase).text
    order = Order.get()
    again = form_fields(as_owner.submit(f"/checkout/pay/{order.id}"), f"http://localhost{PAY}")
    assert client.post(PAY, data=again).status_code == 200
    client.post(ACT, data={**again, "standInAction": "pay"})
    paid = Order.get()
    assert (paid.status, [paid.order_reference]) == ("paid", again["orderReference"])


def test_another_merchants_purchase_is_not_known(client: Visitor, purchase: dict[str, list[str]]) -> None:
    """Signed well with our secret, but of an account that is not the shop's."""
    form: Any = purchase_form(
        secret=TEST_MERCHANT_SECRET,
        merchant_account="somebody",
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
def test_the_purchase_signature_is_as_strict_as_the_providers(
    client: Visitor, purchase: dict[str, list[str]], change: str
) -> None:
    changed = {name: list(values) for name, values in purchase.items()}
    if change == "swap":  # signed in the old order: prices before counts
        names = ("merchantAccount", "merchantDomainName", "orderReference", "orderDate", "amount", "currency",
                 "productName[]", "productPrice[]", "productCount[]")  # fmt: skip
        texts = [text for name in names for text in purchase[name]]
        changed["merchantSignature"] = [sign(TEST_MERCHANT_SECRET, texts)]
    elif change == "amount_text":  # 1000.00 was signed; 1000 is the same number and another text
        changed["amount"] = [str(int(float(purchase["amount"][0])))]
    elif change == "missing":
        del changed["merchantDomainName"]
    else:
        changed["productName[]"].append("One more")
    page = client.post(PAY, data=changed)
    assert (page.status_code, "(1113)" in page.text) == (400, True)


def test_odd_wishes_are_answered(client: Visitor, purchase: dict[str, list[str]], sent: list[bytes]) -> None:
    for wishes in (
        {"standInAction": "nonsense", "standInWrongAmount": "1"},
        {"standInCopies": "-1"},
        {"standInCopies": "999999"},
        {"standInCopies": "x"},
        {"standInDelay": "-1"},
        {"standInDelay": "0.5"},
        {"standInAction": "refund", "standInRefundAmount": "nonsense"},
    ):
        assert client.post(ACT, data={**purchase, **wishes}).status_code == 200, wishes
    assert len(sent) < 20


def test_it_stays_out_of_production_and_of_a_configured_page(make_app: MakeApp) -> None:
    real = {
        "portal_env": "production",
        "secret_key": "x" * 40,
        "app_url": "https://shop.example",
        "wayforpay_merchant_account": "shop",
        "wayforpay_secret_key": "a real secret",
    }
    for app in (make_app(**real), make_app(wayforpay_pay_url="https://secure.wayforpay.com/pay")):
        for url in (PAY, ACT, API):
            assert app.test_client().post(url).status_code == 404
        assert "payment_simulator" not in app.blueprints


# ---------------------------------------------------------------------- the JSON API


def ask(client: Visitor, body: dict[str, Any]) -> dict[str, Any]:
    return dict(client.post(API, json=body).get_json())


def refund_of(order: Order, amount_minor: int, secret: str = TEST_MERCHANT_SECRET) -> dict[str, str]:
    return refund_request(
        secret, TEST_MERCHANT_ACCOUNT, order.order_reference, amount_minor, "UAH", "Returned"
    )


def test_a_refund_is_verified_and_signed(client: Visitor, owner: User) -> None:
    order = make_order(owner, paid=True)
    make_payment(order, "paid")
    for amount, status, code in (
        (100_000, "Refunded", "1100"),
        (1, "Refunded", "1100"),
        (100_001, "Declined", "1128"),
    ):
        told = ask(client, refund_of(order, amount))
        assert (told["transactionStatus"], told["reasonCode"]) == (status, code)
        assert is_authentic_refund_answer(parse_callback(json.dumps(told).encode()), TEST_MERCHANT_SECRET)
    assert ask(client, refund_of(order, 100, "wrong")) == {
        "reasonCode": 1113,
        "reason": "Invalid signature",
    }
    assert ask(client, {**refund_of(order, 100), "amount": "5.00"})["reasonCode"] == 1113
    nobody = ask(client, refund_of(Order(order_reference="store_none_1"), 100))
    assert (nobody["transactionStatus"], nobody["reasonCode"]) == ("Declined", "1127")
    odd = {**refund_of(order, 100), "transactionType": "SALE"}
    assert ask(client, odd)["reasonCode"] == 1113


def signed(kind: str, texts: list[str], **fields: Any) -> dict[str, Any]:
    return {"transactionType": kind, "apiVersion": "1", **fields,
            "merchantSignature": sign(TEST_MERCHANT_SECRET, texts)}  # fmt: skip


def test_requests_are_verified_as_strictly_as_the_provider_does(client: Visitor, owner: User) -> None:
    order = make_order(owner, paid=True)
    make_payment(order, "paid")
    reference = order.order_reference
    good = refund_of(order, 10_000)
    assert ask(client, good)["reasonCode"] == "1100"
    account = TEST_MERCHANT_ACCOUNT
    bad = [
        {**good, "amount": "100"},  # the same number in another text
        {**good, "amount": 100.0},
        *[{name: value for name, value in good.items() if name != gone} for gone in
          ("merchantAccount", "orderReference", "amount", "currency", "merchantSignature", "transactionType")],
        # Signed in another order, and over a field that is not there.
        signed("REFUND", [account, reference, "UAH", "100.00"], merchantAccount=account, orderReference=reference,
               amount="100.00", currency="UAH", comment="x"),
        signed("REFUND", [account, reference, "100.00", ""], merchantAccount=account, orderReference=reference,
               amount="100.00", comment="x"),
        signed("CHECK_STATUS", [reference, account], merchantAccount=account, orderReference=reference),
        signed("CHECK_STATUS", [account, ""], merchantAccount=account),
        signed("CHECK_STATUS", ["somebody", reference], merchantAccount="somebody", orderReference=reference),
        signed("CHECK_STATUS", [account, reference], merchantAccount=account, orderReference=[reference]),
    ]  # fmt: skip
    for body in bad:
        assert ask(client, body)["reasonCode"] == 1113, body
    for gone in ("comment", "apiVersion"):
        body = {name: value for name, value in good.items() if name != gone}
        assert ask(client, body)["reasonCode"] == 1109, gone


@pytest.mark.parametrize(
    ("status", "refunded", "told"),
    [
        ("paid", 0, "Approved"),
        ("paid", 5_000, "Refunded"),
        ("refunded", 100_000, "Refunded"),
        ("failed", 0, "Declined"),
        ("cancelled", 0, "Expired"),
        ("redirected", 0, "InProcessing"),
    ],
)
def test_a_status_is_signed_like_a_callback(
    client: Visitor, owner: User, status: str, refunded: int, told: str
) -> None:
    order = make_order(owner)
    make_payment(order, status, refunded_minor=refunded)
    asked = check_status_request(TEST_MERCHANT_SECRET, TEST_MERCHANT_ACCOUNT, order.order_reference)
    answer = ask(client, asked)
    assert answer["transactionStatus"] == told
    assert answer["refundAmount"] == f"{refunded // 100}.00"
    assert is_authentic(parse_callback(json.dumps(answer).encode()), TEST_MERCHANT_SECRET)


def test_a_body_that_is_no_object_is_refused(client: Visitor) -> None:
    for body in (b"", b"[]", b"x", b"[" * 5_000):
        assert client.post(API, data=body, content_type="application/json").status_code in (200, 400)
