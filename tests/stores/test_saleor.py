"""Saleor's signed webhooks and GraphQL answers, as documented."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from Crypto.Hash import SHA256
from Crypto.PublicKey import RSA
from Crypto.Signature import pkcs1_15

from portal.stores import LinesDoNotAddUp, require_lines_add_up
from portal.stores.adapters.protocol import (
    Delivery,
    DeliveryRefused,
    DeliveryUnreadable,
    Fetch,
    Ignored,
    Reading,
    StoreApi,
    StoreUnreachable,
    Verified,
)
from portal.stores.adapters.saleor import Saleor
from tests.support.store_api import Asked, open_store_api

SALEOR = Saleor()
NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
BODY = json.dumps({"order": {"id": "T3JkZXI6MQ=="}}).encode()


def encoded(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def key_set(key: RSA.RsaKey, name: str = "1") -> str:
    numbers = {"n": key.n, "e": key.e}
    parts = {part: encoded(value.to_bytes((value.bit_length() + 7) // 8)) for part, value in numbers.items()}
    return json.dumps({"keys": [{"kty": "RSA", "kid": name, "alg": "RS256", **parts}]})


def signed(key: RSA.RsaKey, body: bytes = BODY, *, payload: str = "", **header: Any) -> Delivery:
    protected = encoded(
        json.dumps({"alg": "RS256", "kid": "1", "b64": False, "crit": ["b64"], **header}).encode()
    )
    content = body if header.get("b64") is not True else encoded(body).encode()
    signature = pkcs1_15.new(key).sign(SHA256.new(protected.encode() + b"." + content))
    headers = {
        "saleor-signature": f"{protected}.{payload}.{encoded(signature)}",
        "saleor-event": "order_updated",
    }
    return Delivery(headers, body)


@pytest.fixture(scope="module")
def key() -> RSA.RsaKey:
    return RSA.generate(2048)


@pytest.fixture(scope="module")
def other_key() -> RSA.RsaKey:
    return RSA.generate(2048)


def test_delivery_signed_with_a_key_of_the_set_is_authentic(key: RSA.RsaKey, other_key: RSA.RsaKey) -> None:
    sets = (key_set(other_key, "2"), key_set(key))
    for delivery in (signed(key), signed(key, b64=True)):
        verified = SALEOR.verify(delivery, sets, NOW)
        assert isinstance(verified, Verified)
        assert SALEOR.read(verified) == Fetch(external_id="T3JkZXI6MQ==")


def test_forged_delivery_is_refused(key: RSA.RsaKey, other_key: RSA.RsaKey) -> None:
    given, trusted = signed(key), (key_set(key),)
    cases = [
        (Delivery(given.headers, given.body.replace(b"MQ", b"Mg")), trusted, "signature_wrong"),
        (signed(other_key), trusted, "signature_wrong"),
        (signed(key, alg="none"), trusted, "signature_wrong"),
        (signed(key, alg="HS256"), trusted, "signature_wrong"),
        (signed(key, kid="2"), trusted, "signature_wrong"),
        (signed(key, payload=encoded(b"{}")), trusted, "signature_wrong"),
        (Delivery({"saleor-signature": "x"}, BODY), trusted, "signature_wrong"),
        (Delivery({}, BODY), trusted, "signature_missing"),
        (given, (), "secret_missing"),
        (given, ("no key set",), "secret_missing"),
        (given, (key_set(RSA.generate(1024)),), "secret_missing"),
    ]
    for delivery, secrets, reason in cases:
        with pytest.raises(DeliveryRefused) as refused:
            SALEOR.verify(delivery, secrets, NOW)
        assert refused.value.params["reason"] == reason


def test_older_form_names_the_order_too_and_other_events_are_ignored() -> None:
    assert SALEOR.read(Verified("order_paid", [{"id": "T3JkZXI6MQ=="}])) == Fetch("T3JkZXI6MQ==")
    assert SALEOR.read(Verified("product_updated", {})) == Ignored("other_topic")
    for content in ({}, [], {"order": None}, {"order": {"id": 5}}):
        with pytest.raises(DeliveryUnreadable):
            SALEOR.read(Verified("order_paid", content))


def amount(value: float) -> dict[str, Any]:
    return {"amount": value}


ORDER: dict[str, Any] = {
    "id": "T3JkZXI6MQ==",
    "number": "17",
    "created": "2026-11-28T11:00:00Z",
    "updatedAt": "2026-11-28T12:00:00.250000+00:00",
    "status": "UNFULFILLED",
    "voucherCode": "ANNA10",
    "userEmail": "buyer@example.test",
    "metadata": [{"key": "ring_ref", "value": "Ab3dE5gH"}],
    "user": {"id": "VXNlcjo3"},
    "total": {"currency": "UAH", "gross": amount(719.98)},
    "giftCards": [],
    "totalCharged": amount(589.99),
    "totalRefunded": amount(100.0),
    "totalRefundPending": amount(29.99),
    "shippingPrice": {"gross": amount(60.0)},
    "lines": [
        {
            "id": "TGluZTox",
            "productName": "Mug",
            "productSku": "MUG-1",
            "quantity": 2,
            "totalPrice": {"net": amount(549.98), "gross": amount(659.98)},
        }
    ],
}


def fetched(**values: Any) -> Reading | Ignored:
    with open_store_api(lambda _: {"data": {"order": {**ORDER, **values}}}) as api:
        found = SALEOR.fetch(StoreApi(api.url, {"app_token": "token"}), Fetch(external_id="T3JkZXI6MQ=="))
        assert (api.asked[0].path, api.asked[0].headers["authorization"]) == ("/graphql/", "Bearer token")
    return found


def test_what_was_paid_is_what_is_charged_and_what_was_taken_off_it_for_refunds() -> None:
    reading = fetched()
    assert isinstance(reading, Reading)
    snapshot = reading.snapshot
    assert (snapshot.status, snapshot.paid_amount, snapshot.shipping) == ("paid", "719.98", "60")
    assert [refund.amount for refund in snapshot.refunds] == ["100"], "the pending one does not count"
    [line] = snapshot.lines
    assert (line.sku, line.quantity, line.amount, line.tax) == ("MUG-1", 2, "549.98", "110")
    assert (snapshot.referral_code, snapshot.coupon_codes, snapshot.version) == (
        "Ab3dE5gH",
        ("ANNA10",),
        1795867200250,
    )


def test_order_that_is_unpaid_draft_or_cancelled_says_so() -> None:
    nothing = {"totalCharged": amount(0.0), "totalRefunded": amount(0.0), "totalRefundPending": amount(0.0)}
    unpaid, cancelled = fetched(**nothing), fetched(status="CANCELED")
    assert isinstance(unpaid, Reading)
    assert isinstance(cancelled, Reading)
    assert (unpaid.snapshot.status, unpaid.snapshot.refunds) == ("open", ())
    assert (cancelled.snapshot.status, cancelled.snapshot.paid_amount) == ("cancelled", "719.98")
    assert fetched(status="UNCONFIRMED") == Ignored("draft")
    assert fetched(lines=None) == Ignored(
        "order_unreadable", ORDER["id"], "not the form of an order (TypeError)"
    )


GIFT_CARD = {
    "giftCards": [{"id": "R2lmdENhcmQ6MQ=="}],
    "totalRefunded": amount(0),
    "totalRefundPending": amount(0),
}


def test_what_a_gift_card_paid_is_a_discount_on_the_goods() -> None:
    reading = fetched(
        **GIFT_CARD, total={"currency": "UAH", "gross": amount(619.98)}, totalCharged=amount(619.98)
    )
    assert isinstance(reading, Reading)
    snapshot = reading.snapshot
    [line] = snapshot.lines
    assert (snapshot.status, snapshot.paid_amount, snapshot.shipping) == ("paid", "619.98", "60")
    assert (line.amount, line.tax) == ("466.65", "93.33")
    require_lines_add_up(snapshot, "UAH")


@pytest.mark.parametrize(
    "changes",
    [
        {"total": {"currency": "UAH", "gross": amount(619.98)}, "totalCharged": amount(489.99)},
        {"totalCharged": amount(700)},
    ],
    ids=["less than the lines", "more than the lines"],
)
def test_order_that_is_paid_in_full_but_does_not_add_up_is_refused(changes: dict[str, Any]) -> None:
    reading = fetched(**changes)
    assert isinstance(reading, Reading)
    assert reading.snapshot.status == "paid"
    with pytest.raises(LinesDoNotAddUp):
        require_lines_add_up(reading.snapshot, "UAH")


def test_poll_follows_pages_and_an_error_is_no_empty_page() -> None:
    def answer(asked: Asked) -> object:
        variables = asked.arguments["variables"]
        if "id" in variables:
            return {"data": {"order": None}}
        assert variables["since"] == "2026-11-28T12:00:00+00:00"
        page = {"hasNextPage": variables["after"] is None, "endCursor": "c"}
        return {"data": {"orders": {"pageInfo": page, "edges": [{"node": ORDER}]}}}

    with open_store_api(answer) as api:
        store = StoreApi(api.url, {"app_token": "token"})
        assert len(list(SALEOR.changed_since(store, NOW))) == 2
        assert SALEOR.fetch(store, Fetch("T3JkZXI6OQ==")) == Ignored("order_gone")
        api.answer = lambda _: 503
        with pytest.raises(StoreUnreachable):
            list(SALEOR.changed_since(store, NOW))
