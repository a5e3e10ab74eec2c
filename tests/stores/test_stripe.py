"""Stripe's events and API, as documented: sessions become orders, refunds are asked for."""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from portal.stores.adapters.protocol import (
    Delivery,
    DeliveryRefused,
    DeliveryUnreadable,
    Fetch,
    Ignored,
    Reading,
    StoreApi,
    StoreRefused,
    StoreUnreachable,
    Verified,
)
from portal.stores.adapters.stripe import Stripe
from portal.stores.snapshots import OrderSnapshot
from tests.support.captures import vector
from tests.support.store_api import Asked, open_store_api

STRIPE = Stripe()
VECTOR = vector("stripe")
SECRET = VECTOR["secret"]
NOW = datetime.fromtimestamp(1795876769, UTC)
KEY = {"restricted_key": "rk_1"}


def published() -> Delivery:
    headers = {name.lower(): value for name, value in VECTOR["headers"].items()}
    return Delivery(headers, VECTOR["body"].encode())


def event(kind: str, about: dict[str, Any]) -> Delivery:
    body = json.dumps({"type": kind, "created": 1795876769, "data": {"object": about}}).encode()
    signature = hmac.new(SECRET.encode(), b"1795876769." + body, hashlib.sha256).hexdigest()
    return Delivery({"stripe-signature": f"t=1795876769,v1=00,v1={signature},v0=x"}, body)


def read(delivery: Delivery) -> Reading | Fetch | Ignored:
    verified = STRIPE.verify(delivery, (SECRET,), NOW)
    assert isinstance(verified, Verified)
    return STRIPE.read(verified)


def session(**values: Any) -> dict[str, Any]:
    return {
        "id": "cs_live_1",
        "mode": "payment",
        "livemode": True,
        "created": 1795876700,
        "currency": "uah",
        "amount_total": 72000,
        "payment_status": "paid",
        "payment_intent": "pi_1",
        "client_reference_id": "Ab3dE5gH",
        "customer_details": {"email": "buyer@example.test"},
        "shipping_cost": {"amount_subtotal": 5000, "amount_tax": 1000, "amount_total": 6000},
        "total_details": {"amount_tax": 12000, "amount_shipping": 5000, "amount_discount": 0},
        **values,
    }


def snapshot_of(**values: Any) -> OrderSnapshot:
    reading = read(event("checkout.session.completed", session(**values)))
    assert isinstance(reading, Reading)
    return reading.snapshot


def test_published_vector_is_authentic_and_a_test_order() -> None:
    reading = read(published())
    assert isinstance(reading, Reading)
    assert (reading.is_test, reading.is_partial) == (True, True)
    snapshot = reading.snapshot
    assert (snapshot.external_id, snapshot.payment_key) == ("cs_test_lab", "pi_lab")
    assert (snapshot.status, snapshot.paid_amount, snapshot.referral_code) == ("paid", "719.98", "Ab3dE5gH")


def test_forged_old_or_unsigned_event_is_refused() -> None:
    given = published()
    changed = Delivery(given.headers, given.body.replace(b"71998", b"71999"))
    for case, secrets, now, reason in (
        (changed, (SECRET,), NOW, "signature_wrong"),
        (given, ("whsec_other",), NOW, "signature_wrong"),
        (given, (SECRET,), NOW + timedelta(seconds=301), "timestamp_old"),
        (given, (SECRET,), NOW - timedelta(seconds=301), "timestamp_ahead"),
        (given, (), NOW, "secret_missing"),
        (Delivery({}, given.body), (SECRET,), NOW, "signature_missing"),
        (Delivery({"stripe-signature": "t=now,v1=00"}, given.body), (SECRET,), NOW, "signature_missing"),
    ):
        with pytest.raises(DeliveryRefused) as refused:
            STRIPE.verify(case, secrets, now)
        assert refused.value.params["reason"] == reason
    assert isinstance(STRIPE.verify(given, ("whsec_old", SECRET), NOW + timedelta(seconds=299)), Verified)


def test_event_of_paid_session_splits_its_totals_into_goods_tax_and_shipping() -> None:
    snapshot = snapshot_of()
    [line] = snapshot.lines
    assert (line.amount, line.tax, snapshot.shipping, snapshot.paid_amount) == ("550", "110", "60", "720")


def test_session_that_is_not_paid_yet_is_open_and_one_whose_payment_failed_is_cancelled() -> None:
    waiting = snapshot_of(payment_status="unpaid")
    assert (waiting.status, waiting.paid_amount, waiting.referral_code) == ("open", "0", "Ab3dE5gH")
    late = read(event("checkout.session.async_payment_succeeded", session()))
    assert isinstance(late, Reading)
    assert late.snapshot.status == "paid"
    failed = read(event("checkout.session.async_payment_failed", session(payment_status="unpaid")))
    assert isinstance(failed, Reading)
    assert failed.snapshot.status == "cancelled"


@pytest.mark.parametrize(
    ("currency", "amount", "text"),
    [
        ("jpy", 720, "720"),
        ("usd", 720, "7.2"),
        ("kwd", 7200, "7.2"),
        ("mga", 720, "720"),
        ("isk", 72000, "720"),
    ],
    ids=["jpy", "usd", "kwd", "mga", "isk"],
)
def test_amounts_have_the_decimals_that_stripe_counts(currency: str, amount: int, text: str) -> None:
    plain = {"shipping_cost": None, "total_details": None}
    assert snapshot_of(currency=currency, amount_total=amount, **plain).paid_amount == text


def test_shipping_of_older_versions_of_the_api_is_no_goods() -> None:
    older = {"shipping_cost": None, "total_details": {"amount_tax": 12000, "amount_shipping": 5000}}
    snapshot = snapshot_of(**older)
    [line] = snapshot.lines
    assert (line.amount, line.tax, snapshot.shipping, snapshot.paid_amount) == ("550", "120", "50", "720")


def test_code_comes_from_metadata_or_reference_unless_the_reference_is_the_shops_own() -> None:
    assert snapshot_of(metadata={"ring_ref": "Zz9yX8wV"}).referral_code == "Zz9yX8wV"
    assert snapshot_of(client_reference_id="order-17").referral_code is None


@pytest.mark.parametrize(
    ("kind", "about", "expected"),
    [
        ("refund.created", {"payment_intent": "pi_1"}, Fetch(payment_key="pi_1")),
        ("refund.failed", {"payment_intent": "pi_1"}, Fetch(payment_key="pi_1")),
        ("charge.refunded", {"payment_intent": "pi_1"}, Fetch(payment_key="pi_1")),
        ("charge.refund.updated", {"payment_intent": "pi_1"}, Fetch(payment_key="pi_1")),
        ("refund.updated", {"payment_intent": None}, Ignored("other_payment")),
        ("customer.created", {}, Ignored("other_topic")),
        ("checkout.session.completed", session(mode="subscription"), Ignored("subscription")),
    ],
    ids=["refund", "failed", "charge", "older refund", "no payment", "customer", "subscription"],
)
def test_other_events_ask_for_the_payment_or_are_ignored(
    kind: str, about: dict[str, Any], expected: object
) -> None:
    assert read(event(kind, about)) == expected


def test_event_of_another_form_says_what_is_wrong() -> None:
    for values, detail in (
        ({"amount_total": 7.2}, "an amount is no integer"),
        ({"currency": None}, "AttributeError"),
        ({"payment_status": "settled"}, "payment_status: settled"),
    ):
        with pytest.raises(DeliveryUnreadable) as unreadable:
            read(event("checkout.session.completed", session(**values)))
        assert detail in str(unreadable.value.params["detail"])


REFUNDS = [
    {
        "id": "re_1",
        "amount": 10000,
        "status": "succeeded",
        "created": 1795876800,
        "reason": "requested_by_customer",
    },
    {"id": "re_2", "amount": 5000, "status": "pending", "created": 1795876801},
    {"id": "re_3", "amount": 5000, "status": "failed", "created": 1795876802},
]
MUG = {"id": "li_1", "description": "Mug", "quantity": 2, "price": {"product": "prod_1"}}
POSTER = {"id": "li_2", "description": "Poster", "quantity": 1, "price": {"product": "prod_2"}}
LINES = [
    {**MUG, "amount_total": 36000, "amount_tax": 6000},
    {**POSTER, "amount_total": 30000, "amount_tax": 5000},
]


def answer(asked: Asked) -> object:
    assert asked.headers["authorization"] == "Bearer rk_1"
    match asked.path, asked.arguments:
        case "/v1/checkout/sessions", {"payment_intent": "pi_1"}:
            return {"data": [session()]}
        case "/v1/checkout/sessions", _:
            return {"data": []}
        case "/v1/checkout/sessions/cs_live_1", _:
            return session()
        case "/v1/checkout/sessions/cs_live_1/line_items", {"starting_after": "li_1"}:
            return {"data": LINES[1:], "has_more": False}
        case "/v1/checkout/sessions/cs_live_1/line_items", _:
            return {"data": LINES[:1], "has_more": True}
        case "/v1/refunds", {"payment_intent": "pi_1"}:
            return {"data": REFUNDS, "has_more": False}
        case "/v1/events", {"created[gte]": "1795876769"}:
            refund = {"type": "refund.created", "data": {"object": {"payment_intent": "pi_1"}}}
            paid = {"type": "checkout.session.completed", "data": {"object": {"id": "cs_live_1"}}}
            other = {"type": "refund.created", "data": {"object": {"payment_intent": "pi_other"}}}
            again = {**paid, "type": "checkout.session.async_payment_succeeded"}
            newest_first = [refund, again, other, paid]
            return {"data": [{**one, "created": 1795876780 - at} for at, one in enumerate(newest_first)]}
        case _:
            return 404


def test_fetch_reads_lines_and_only_refunds_that_succeeded() -> None:
    with open_store_api(answer) as api:
        by_payment = Stripe(api.url).fetch(StoreApi("", KEY), Fetch(payment_key="pi_1"))
        assert Stripe(api.url).fetch(StoreApi("", KEY), Fetch(payment_key="pi_2")) == Ignored("order_gone")
        assert Stripe(api.url).fetch(StoreApi("", KEY), Fetch(external_id="cs/../x")) == Ignored("order_gone")
    assert isinstance(by_payment, Reading)
    snapshot = by_payment.snapshot
    assert (by_payment.is_test, by_payment.is_partial, snapshot.status) == (False, False, "paid")
    assert [(line.sku, line.quantity, line.amount, line.tax) for line in snapshot.lines] == [
        ("prod_1", 2, "300", "60"),
        ("prod_2", 1, "250", "50"),
    ]
    assert [(refund.id, refund.amount) for refund in snapshot.refunds] == [("re_1", "100")]
    assert snapshot.version > 1795876769000


def test_refund_in_another_currency_is_not_guessed() -> None:
    def converted(asked: Asked) -> object:
        is_refunds = asked.path == "/v1/refunds"
        return {"data": [{**REFUNDS[0], "currency": "usd"}]} if is_refunds else answer(asked)

    with open_store_api(converted) as api:
        found = Stripe(api.url).fetch(StoreApi("", KEY), Fetch(payment_key="pi_1"))
    assert found == Ignored("order_unreadable", "cs_live_1", "a refund in USD, not UAH")


def test_poll_reads_the_events_and_each_order_once() -> None:
    with open_store_api(answer) as api:
        found = list(Stripe(api.url).changed_since(StoreApi("", KEY), NOW))
        api.answer = lambda _: 429
        with pytest.raises(StoreUnreachable):
            list(Stripe(api.url).changed_since(StoreApi("", KEY), NOW))
        api.answer = lambda _: 401
        with pytest.raises(StoreRefused):
            list(Stripe(api.url).changed_since(StoreApi("", KEY), NOW))
    orders = [(one.snapshot.external_id, one.changed_at) for one in found if isinstance(one, Reading)]
    assert orders == [("cs_live_1", datetime.fromtimestamp(1795876777, UTC))], "the time of the oldest event"
