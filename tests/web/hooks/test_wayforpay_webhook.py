"""`POST /api/payments/wayforpay/webhook` as the provider calls it. See docs/rules/payments.md."""

from __future__ import annotations

import json
from typing import Any

import pytest

from models import (
    Order,
    PaymentEvent,
    PaymentTransaction,
    Product,
    Refcode,
    ReferralReward,
    SalesAssist,
    Settlement,
    StockMovement,
    User,
)
from portal.payments.providers.wayforpay.callbacks import sign_callback
from portal.payments.providers.wayforpay.signature import is_same_text, sign
from portal.settings import TEST_MERCHANT_ACCOUNT, TEST_MERCHANT_SECRET
from tests.factories import make_order, make_payment, make_product
from tests.web.conftest import MakeApp, visitor
from tests.web.visitor import Visitor, error_of

WEBHOOK = "/api/payments/wayforpay/webhook"
FORM = "application/x-www-form-urlencoded"


def callback(order: Order, **changes: Any) -> dict[str, object]:
    """Return a signed callback for an order; `changes` are covered by the signature."""
    fields: dict[str, object] = {
        "merchantAccount": TEST_MERCHANT_ACCOUNT,
        "orderReference": order.order_reference,
        "amount": order.total_minor / 100 if order.total_minor % 100 else order.total_minor // 100,
        "currency": order.currency,
        "authCode": "541963",
        "cardPan": "41****8217",
        "transactionStatus": "Approved",
        "reasonCode": 1100,
        "reason": "Ok",
    }
    return sign_callback(TEST_MERCHANT_SECRET, fields | changes)


def post_callback(client: Visitor, body: object, content_type: str | None = FORM) -> Any:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return client.post(WEBHOOK, data=raw, content_type=content_type)


@pytest.fixture
def order(owner: User, code: Refcode) -> Order:
    """Return an attributed order with a payment redirected to the provider."""
    order = make_order(owner, [(make_product(stock=10), 2)], code=code)
    make_payment(order)
    return order


def payment_status(order: Order) -> str:
    return str(PaymentTransaction.get(PaymentTransaction.order_reference == order.order_reference).status)


def outcomes() -> list[tuple[str, bool, str | None]]:
    rows = PaymentEvent.select().order_by(PaymentEvent.id)
    return [(row.outcome, row.authentic, row.reason) for row in rows]


@pytest.mark.parametrize(
    "content_type", [FORM, "application/json", "text/plain", "multipart/form-data; boundary=x", "", None]
)
def test_approved_callback_is_applied_under_any_content_type(
    client: Visitor, order: Order, content_type: str | None
) -> None:
    response = post_callback(client, callback(order), content_type)
    assert response.status_code == 200
    reply = response.get_json()
    assert set(reply) == {"orderReference", "status", "time", "signature"}
    assert (reply["orderReference"], reply["status"]) == (order.order_reference, "accept")
    expected = sign(TEST_MERCHANT_SECRET, (order.order_reference, "accept", str(reply["time"])))
    assert is_same_text(reply["signature"], expected)
    assert payment_status(order) == Order.get_by_id(order.id).status == "paid"
    reward = ReferralReward.get()
    assert (reward.rail, reward.status) == ("fiat", "pending_approval")
    assert Settlement.get().order_reference == SalesAssist.get().order_reference == reward.order_reference
    assert Product.get().stock == 8
    assert outcomes() == [("applied", True, None)]


def test_form_content_type_does_not_decode_the_body(client: Visitor, order: Order) -> None:
    body = callback(order, cardPan="41+&%3D=%26 00", authCode="a+b&c=d%20", reason="100% & more+=")
    assert post_callback(client, body).status_code == 200
    assert payment_status(order) == "paid"
    assert json.loads(PaymentEvent.get().payload)["cardPan"] == "41+&%3D=%26 00"


def test_non_ascii_text_is_stored_unchanged(client: Visitor, order: Order) -> None:
    body = json.dumps(callback(order, reason="Оплачено"), ensure_ascii=False).encode()
    assert post_callback(client, body).status_code == 200
    assert "Оплачено" in PaymentEvent.get().payload


@pytest.mark.parametrize("amount", [2000, 2000.0, "2000", "2000.00", "2000.0"])
def test_equal_amounts_in_any_notation_are_accepted(client: Visitor, order: Order, amount: object) -> None:
    assert post_callback(client, callback(order, amount=amount)).status_code == 200
    assert payment_status(order) == "paid"


@pytest.mark.parametrize("literal", ["26.10", "26.1", "26.100", '"26.10"', '"26.1"'])
@pytest.mark.parametrize("signed", ["26.10", "26.1"])
def test_amount_literal_is_verified_as_written(
    client: Visitor, owner: User, literal: str, signed: str
) -> None:
    """Parsing 26.10 as a float gives 26.1, which does not match the signature of 26.10."""
    order = make_order(owner, [(make_product(price_minor=2_610), 1)])
    make_payment(order)
    raw = json.dumps(callback(order, amount=signed)).replace(f'"{signed}"', literal, 1).encode()
    assert post_callback(client, raw).status_code == 200
    assert payment_status(order) == "paid"


@pytest.mark.parametrize("literal", ["26", "26.0", "26.00"])
@pytest.mark.parametrize("signed", ["26", "26.00"])
def test_whole_amount_may_have_decimals(client: Visitor, owner: User, literal: str, signed: str) -> None:
    order = make_order(owner, [(make_product(price_minor=2_600), 1)])
    make_payment(order)
    raw = json.dumps(callback(order, amount=signed)).replace(f'"{signed}"', literal, 1).encode()
    assert post_callback(client, raw).status_code == 200
    assert payment_status(order) == "paid"


@pytest.mark.parametrize(
    ("status", "fresh", "after_paid"),
    [
        ("Created", "pending", "paid"),
        ("InProcessing", "pending", "paid"),
        ("WaitingAuthComplete", "pending", "paid"),
        ("Approved", "paid", "paid"),
        ("Pending", "pending", "paid"),
        ("Expired", "cancelled", "paid"),
        ("Refunded", "refunded", "refunded"),
        ("Voided", "refunded", "refunded"),
        ("Declined", "failed", "paid"),
        ("RefundInProcessing", "redirected", "paid"),
    ],
)
def test_each_status_before_and_after_payment(
    client: Visitor, owner: User, order: Order, status: str, fresh: str, after_paid: str
) -> None:
    empty = {"authCode": "", "cardPan": ""} if status in ("Declined", "Expired") else {}
    response = post_callback(client, callback(order, transactionStatus=status, reasonCode=1101, **empty))
    assert (response.status_code, response.get_json()["status"]) == (200, "accept")
    assert payment_status(order) == fresh
    paid = make_order(owner)
    make_payment(paid)
    post_callback(client, callback(paid))
    assert (
        post_callback(client, callback(paid, transactionStatus=status, reasonCode=1101, **empty)).status_code
        == 200
    )
    assert payment_status(paid) == after_paid


def test_unknown_status_is_stored_as_unmatched(client: Visitor, order: Order) -> None:
    assert post_callback(client, callback(order, transactionStatus="Thinking")).status_code == 200
    assert outcomes() == [("unmatched", True, "unknown_status")]
    assert payment_status(order) == "redirected"


def test_duplicate_key_uses_the_verified_value(client: Visitor, order: Order) -> None:
    good = json.dumps(callback(order, amount="2000.00"))
    twice = good.replace('"amount": "2000.00"', '"amount": "1.00", "amount": "2000.00"')
    assert twice != good
    assert post_callback(client, twice.encode()).status_code == 200
    assert payment_status(order) == "paid"
    # In the opposite order, the last value is not the signed one.
    other = make_order(User.get_by_id(order.buyer_user_id), [(make_product(), 2)])
    make_payment(other)
    raw = json.dumps(callback(other, amount="2000.00")).replace(
        '"amount": "2000.00"', '"amount": "2000.00", "amount": "1.00"'
    )
    assert post_callback(client, raw.encode()).status_code == 400
    assert payment_status(other) == "redirected"


@pytest.mark.parametrize("name", ["amount", "orderReference", "transactionStatus", "authCode", "reasonCode"])
@pytest.mark.parametrize("value", [True, False, ["a"], {"a": 1}, [[]]])
def test_signed_field_of_wrong_type_is_refused(
    client: Visitor, order: Order, name: str, value: object
) -> None:
    assert_refused(client, order, {**callback(order), name: value}, "malformed", authentic=False)


def test_duplicate_callback_is_accepted_without_effect(client: Visitor, order: Order) -> None:
    for _ in range(3):
        response = post_callback(client, callback(order))
        assert (response.status_code, response.get_json()["status"]) == (200, "accept")
    assert [outcome for outcome, _, _ in outcomes()] == ["applied", "duplicate", "duplicate"]
    assert Product.get().stock == 8
    assert ReferralReward.select().count() == Settlement.select().count() == 1
    assert StockMovement.select().where(StockMovement.reason == "sale").count() == 1


def test_many_callbacks_of_one_provider_are_no_flood(make_app: MakeApp, order: Order) -> None:
    client = visitor(make_app(rate_limit_requests="1 per minute", rate_limit_hooks="4 per minute"))
    statuses = [post_callback(client, callback(order)).status_code for _ in range(5)]
    assert statuses == [200] * 4 + [429]


def test_late_pending_callback_does_not_undo_a_payment(client: Visitor, order: Order) -> None:
    post_callback(client, callback(order))
    assert (
        post_callback(client, callback(order, transactionStatus="Pending", reasonCode=1134)).status_code
        == 200
    )
    assert payment_status(order) == "paid"


@pytest.mark.parametrize(
    ("status", "expected"),
    [("Pending", "pending"), ("InProcessing", "pending"), ("Declined", "failed"), ("Expired", "cancelled")],
)
def test_other_outcomes_change_only_the_payment(
    client: Visitor, order: Order, status: str, expected: str
) -> None:
    assert (
        post_callback(client, callback(order, transactionStatus=status, reasonCode=1101)).status_code == 200
    )
    assert payment_status(order) == expected
    assert Order.get_by_id(order.id).status == "created"
    assert not Settlement.select().exists()
    assert not ReferralReward.select().exists()


def test_declined_payment_can_be_approved_later(client: Visitor, order: Order) -> None:
    post_callback(client, callback(order, transactionStatus="Declined", reasonCode=1101))
    assert post_callback(client, callback(order)).status_code == 200
    assert payment_status(order) == "paid"


def test_payment_refunded_first_stays_refunded(client: Visitor, order: Order) -> None:
    post_callback(client, callback(order, transactionStatus="Refunded"))
    assert post_callback(client, callback(order)).status_code == 200
    assert payment_status(order) == "refunded"
    assert not Settlement.select().exists()


def assert_refused(client: Visitor, order: Order, body: object, reason: str, *, authentic: bool) -> None:
    response = post_callback(client, body)
    assert response.status_code == 400
    assert error_of(response)["code"] == "callback_refused"
    assert b"accept" not in response.data
    assert outcomes() == [("refused", authentic, reason)]
    assert payment_status(order) == "redirected"
    assert Order.get_by_id(order.id).status == "created"
    assert not Settlement.select().exists()
    assert not ReferralReward.select().exists()


@pytest.mark.parametrize("signature", ["", "0" * 32, "підпис", None, 5, ["a"], {}])
def test_forged_signature_is_refused(client: Visitor, order: Order, signature: object) -> None:
    reason = "malformed" if isinstance(signature, list | dict) else "bad_signature"
    assert_refused(
        client, order, {**callback(order), "merchantSignature": signature}, reason, authentic=False
    )


def test_field_changed_after_signing_is_refused(client: Visitor, order: Order) -> None:
    body = {**callback(order, transactionStatus="Declined"), "transactionStatus": "Approved"}
    assert_refused(client, order, body, "bad_signature", authentic=False)


def test_signature_with_another_secret_is_refused(client: Visitor, order: Order) -> None:
    assert_refused(
        client, order, sign_callback("another secret", callback(order)), "bad_signature", authentic=False
    )


def test_callback_for_another_merchant_is_refused(client: Visitor, order: Order) -> None:
    assert_refused(
        client, order, callback(order, merchantAccount="another_shop"), "wrong_merchant", authentic=True
    )


@pytest.mark.parametrize("amount", [1, "1999.99", "2000.001", "20000", "0", "-2000", "2e3", ""])
def test_wrong_amount_is_refused(client: Visitor, order: Order, amount: object) -> None:
    assert_refused(client, order, callback(order, amount=amount), "wrong_amount", authentic=True)


def test_wrong_currency_is_refused(client: Visitor, order: Order) -> None:
    assert_refused(client, order, callback(order, currency="USD"), "wrong_currency", authentic=True)


@pytest.mark.parametrize(
    "raw", [b"", b"{", b"null", b"[]", b"a=b&c=d", b"\xff\xfe", b"[" * 200_000, b'{"a":' * 40_000]
)
def test_malformed_bodies_are_refused(client: Visitor, order: Order, raw: bytes) -> None:
    assert_refused(client, order, raw, "malformed", authentic=False)


def test_unknown_reference_is_stored_and_accepted(client: Visitor, order: Order) -> None:
    response = post_callback(client, callback(order, orderReference="store_unknown_1700000000000"))
    assert (response.status_code, response.get_json()["status"]) == (200, "accept")
    assert outcomes() == [("unmatched", True, "unknown_reference")]
    assert payment_status(order) == "redirected"


def test_unusual_references_are_stored(client: Visitor, order: Order) -> None:
    for reference in ("'; DROP TABLE orders --", "ö" * 200, " ", "store__"):
        assert post_callback(client, callback(order, orderReference=reference)).status_code == 200, reference
    assert {outcome for outcome, _, _ in outcomes()} == {"unmatched"}


def test_body_over_the_size_limit_is_refused(client: Visitor, order: Order) -> None:
    assert post_callback(client, b" " * 300_000).status_code == 413


def test_webhook_allows_only_post(client: Visitor) -> None:
    response = client.get(WEBHOOK)
    assert (response.status_code, error_of(response)["code"]) == (405, "method_not_allowed")


def test_callback_to_a_locale_prefixed_url_is_accepted(client: Visitor, order: Order) -> None:
    response = client.post(f"/uk{WEBHOOK}", data=json.dumps(callback(order)), content_type=FORM)
    assert response.status_code == 200
    assert payment_status(order) == "paid"
