"""`POST /api/payments/wayforpay/webhook` as the provider calls it (WAYFORPAY: callbacks, SPEC section 6)."""

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
from tests.web.visitor import Visitor, error_of

WEBHOOK = "/api/payments/wayforpay/webhook"
FORM = "application/x-www-form-urlencoded"


def callback(order: Order, **changes: Any) -> dict[str, object]:
    """Return a genuinely signed callback about an order; `changes` are signed too."""
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


def tell(client: Visitor, body: object, content_type: str | None = FORM) -> Any:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return client.post(WEBHOOK, data=raw, content_type=content_type)


@pytest.fixture
def order(owner: User, code: Refcode) -> Order:
    """An attributed order whose buyer is at the provider's page."""
    made = make_order(owner, [(make_product(stock=10), 2)], code=code)
    make_payment(made)
    return made


def payment_status(order: Order) -> str:
    return str(PaymentTransaction.get(PaymentTransaction.order_reference == order.order_reference).status)


def outcomes() -> list[tuple[str, bool, str | None]]:
    rows = PaymentEvent.select().order_by(PaymentEvent.id)
    return [(row.outcome, row.authentic, row.reason) for row in rows]


@pytest.mark.parametrize(
    "content_type", [FORM, "application/json", "text/plain", "multipart/form-data; boundary=x", "", None]
)
def test_a_paid_callback_settles_whatever_its_label(
    client: Visitor, order: Order, content_type: str | None
) -> None:
    answer = tell(client, callback(order), content_type)
    assert answer.status_code == 200
    told = answer.get_json()
    assert set(told) == {"orderReference", "status", "time", "signature"}
    assert (told["orderReference"], told["status"]) == (order.order_reference, "accept")
    expected = sign(TEST_MERCHANT_SECRET, (order.order_reference, "accept", str(told["time"])))
    assert is_same_text(told["signature"], expected)
    assert payment_status(order) == Order.get_by_id(order.id).status == "paid"
    reward = ReferralReward.get()
    assert (reward.rail, reward.status) == ("fiat", "pending_approval")
    assert Settlement.get().order_reference == SalesAssist.get().order_reference == reward.order_reference
    assert Product.get().stock == 8
    assert outcomes() == [("applied", True, None)]


def test_plus_ampersand_percent_and_equals_survive_a_form_label(client: Visitor, order: Order) -> None:
    body = callback(order, cardPan="41+&%3D=%26 00", authCode="a+b&c=d%20", reason="100% & more+=")
    assert tell(client, body).status_code == 200
    assert payment_status(order) == "paid"
    assert json.loads(PaymentEvent.get().payload)["cardPan"] == "41+&%3D=%26 00"


def test_letters_beyond_ascii_survive(client: Visitor, order: Order) -> None:
    body = json.dumps(callback(order, reason="Оплачено"), ensure_ascii=False).encode()
    assert tell(client, body).status_code == 200
    assert "Оплачено" in PaymentEvent.get().payload


@pytest.mark.parametrize("amount", [2000, 2000.0, "2000", "2000.00", "2000.0"])
def test_every_text_of_the_same_amount_is_the_amount(client: Visitor, order: Order, amount: object) -> None:
    assert tell(client, callback(order, amount=amount)).status_code == 200
    assert payment_status(order) == "paid"


@pytest.mark.parametrize("literal", ["26.10", "26.1", "26.100", '"26.10"', '"26.1"'])
@pytest.mark.parametrize("signed", ["26.10", "26.1"])
def test_a_number_in_json_is_read_by_its_letters(
    client: Visitor, owner: User, literal: str, signed: str
) -> None:
    """A parsed 26.10 would be 26.1, and the signature of 26.10 would not fit."""
    order = make_order(owner, [(make_product(price_minor=2_610), 1)])
    make_payment(order)
    raw = json.dumps(callback(order, amount=signed)).replace(f'"{signed}"', literal, 1).encode()
    assert tell(client, raw).status_code == 200
    assert payment_status(order) == "paid"


@pytest.mark.parametrize("literal", ["26", "26.0", "26.00"])
@pytest.mark.parametrize("signed", ["26", "26.00"])
def test_a_whole_number_may_be_written_with_decimals(
    client: Visitor, owner: User, literal: str, signed: str
) -> None:
    order = make_order(owner, [(make_product(price_minor=2_600), 1)])
    make_payment(order)
    raw = json.dumps(callback(order, amount=signed)).replace(f'"{signed}"', literal, 1).encode()
    assert tell(client, raw).status_code == 200
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
def test_each_of_the_ten_statuses_before_and_after_the_payment(
    client: Visitor, owner: User, order: Order, status: str, fresh: str, after_paid: str
) -> None:
    empty = {"authCode": "", "cardPan": ""} if status in ("Declined", "Expired") else {}
    answer = tell(client, callback(order, transactionStatus=status, reasonCode=1101, **empty))
    assert (answer.status_code, answer.get_json()["status"]) == (200, "accept")
    assert payment_status(order) == fresh
    paid = make_order(owner)
    make_payment(paid)
    tell(client, callback(paid))
    assert tell(client, callback(paid, transactionStatus=status, reasonCode=1101, **empty)).status_code == 200
    assert payment_status(paid) == after_paid


def test_an_unknown_status_is_kept_for_an_admin(client: Visitor, order: Order) -> None:
    assert tell(client, callback(order, transactionStatus="Thinking")).status_code == 200
    assert outcomes() == [("unmatched", True, "unknown_status")]
    assert payment_status(order) == "redirected"


def test_of_a_key_told_twice_what_was_verified_is_what_counts(client: Visitor, order: Order) -> None:
    good = json.dumps(callback(order, amount="2000.00"))
    twice = good.replace('"amount": "2000.00"', '"amount": "1.00", "amount": "2000.00"')
    assert twice != good
    assert tell(client, twice.encode()).status_code == 200
    assert payment_status(order) == "paid"
    # The other way round the number that would count was never signed.
    other = make_order(User.get_by_id(order.buyer_user_id), [(make_product(), 2)])
    make_payment(other)
    raw = json.dumps(callback(other, amount="2000.00")).replace(
        '"amount": "2000.00"', '"amount": "2000.00", "amount": "1.00"'
    )
    assert tell(client, raw.encode()).status_code == 400
    assert payment_status(other) == "redirected"


@pytest.mark.parametrize("name", ["amount", "orderReference", "transactionStatus", "authCode", "reasonCode"])
@pytest.mark.parametrize("value", [True, False, ["a"], {"a": 1}, [[]]])
def test_a_signed_field_that_is_no_text_is_refused(
    client: Visitor, order: Order, name: str, value: object
) -> None:
    refused(client, order, {**callback(order), name: value}, "malformed", authentic=False)


def test_the_same_callback_again_is_accepted_and_changes_nothing(client: Visitor, order: Order) -> None:
    for _ in range(3):
        answer = tell(client, callback(order))
        assert (answer.status_code, answer.get_json()["status"]) == (200, "accept")
    assert [outcome for outcome, _, _ in outcomes()] == ["applied", "duplicate", "duplicate"]
    assert Product.get().stock == 8
    assert ReferralReward.select().count() == Settlement.select().count() == 1
    assert StockMovement.select().where(StockMovement.reason == "sale").count() == 1


def test_a_late_word_of_waiting_does_not_undo_a_payment(client: Visitor, order: Order) -> None:
    tell(client, callback(order))
    assert tell(client, callback(order, transactionStatus="Pending", reasonCode=1134)).status_code == 200
    assert payment_status(order) == "paid"


@pytest.mark.parametrize(
    ("status", "expected"),
    [("Pending", "pending"), ("InProcessing", "pending"), ("Declined", "failed"), ("Expired", "cancelled")],
)
def test_other_outcomes_move_the_payment_only(
    client: Visitor, order: Order, status: str, expected: str
) -> None:
    assert tell(client, callback(order, transactionStatus=status, reasonCode=1101)).status_code == 200
    assert payment_status(order) == expected
    assert Order.get_by_id(order.id).status == "created"
    assert not Settlement.select().exists()
    assert not ReferralReward.select().exists()


def test_a_declined_payment_may_still_be_approved(client: Visitor, order: Order) -> None:
    tell(client, callback(order, transactionStatus="Declined", reasonCode=1101))
    assert tell(client, callback(order)).status_code == 200
    assert payment_status(order) == "paid"


def test_a_refund_before_payment_is_not_revived(client: Visitor, order: Order) -> None:
    tell(client, callback(order, transactionStatus="Refunded"))
    assert tell(client, callback(order)).status_code == 200
    assert payment_status(order) == "refunded"
    assert not Settlement.select().exists()


def refused(client: Visitor, order: Order, body: object, reason: str, *, authentic: bool) -> None:
    answer = tell(client, body)
    assert answer.status_code == 400
    assert error_of(answer)["code"] == "callback_refused"
    assert b"accept" not in answer.data
    assert outcomes() == [("refused", authentic, reason)]
    assert payment_status(order) == "redirected"
    assert Order.get_by_id(order.id).status == "created"
    assert not Settlement.select().exists()
    assert not ReferralReward.select().exists()


@pytest.mark.parametrize("signature", ["", "0" * 32, "підпис", None, 5, ["a"], {}])
def test_a_forged_signature_is_refused(client: Visitor, order: Order, signature: object) -> None:
    reason = "malformed" if isinstance(signature, list | dict) else "bad_signature"
    refused(client, order, {**callback(order), "merchantSignature": signature}, reason, authentic=False)


def test_a_field_changed_after_signing_is_refused(client: Visitor, order: Order) -> None:
    body = {**callback(order, transactionStatus="Declined"), "transactionStatus": "Approved"}
    refused(client, order, body, "bad_signature", authentic=False)


def test_another_secret_is_refused(client: Visitor, order: Order) -> None:
    refused(client, order, sign_callback("another secret", callback(order)), "bad_signature", authentic=False)


def test_another_merchant_is_refused(client: Visitor, order: Order) -> None:
    refused(client, order, callback(order, merchantAccount="somebody"), "wrong_merchant", authentic=True)


@pytest.mark.parametrize("amount", [1, "1999.99", "2000.001", "20000", "0", "-2000", "2e3", ""])
def test_another_amount_is_refused(client: Visitor, order: Order, amount: object) -> None:
    refused(client, order, callback(order, amount=amount), "wrong_amount", authentic=True)


def test_another_currency_is_refused(client: Visitor, order: Order) -> None:
    refused(client, order, callback(order, currency="USD"), "wrong_currency", authentic=True)


@pytest.mark.parametrize(
    "raw", [b"", b"{", b"null", b"[]", b"a=b&c=d", b"\xff\xfe", b"[" * 200_000, b'{"a":' * 40_000]
)
def test_bodies_that_are_no_callback_are_refused(client: Visitor, order: Order, raw: bytes) -> None:
    refused(client, order, raw, "malformed", authentic=False)


def test_an_unknown_reference_is_kept_and_accepted(client: Visitor, order: Order) -> None:
    answer = tell(client, callback(order, orderReference="store_unknown_1700000000000"))
    assert (answer.status_code, answer.get_json()["status"]) == (200, "accept")
    assert outcomes() == [("unmatched", True, "unknown_reference")]
    assert payment_status(order) == "redirected"


def test_a_reference_of_any_spelling_is_kept(client: Visitor, order: Order) -> None:
    for reference in ("'; DROP TABLE orders --", "ö" * 200, " ", "store__"):
        assert tell(client, callback(order, orderReference=reference)).status_code == 200, reference
    assert {outcome for outcome, _, _ in outcomes()} == {"unmatched"}


def test_a_body_beyond_the_limit_is_refused(client: Visitor, order: Order) -> None:
    assert tell(client, b" " * 300_000).status_code == 413


def test_callbacks_are_posts_and_need_no_token(client: Visitor) -> None:
    answer = client.get(WEBHOOK)
    assert (answer.status_code, error_of(answer)["code"]) == (405, "method_not_allowed")


def test_a_callback_to_a_prefixed_address_is_taken_too(client: Visitor, order: Order) -> None:
    answer = client.post(f"/uk{WEBHOOK}", data=json.dumps(callback(order)), content_type=FORM)
    assert answer.status_code == 200
    assert payment_status(order) == "paid"
