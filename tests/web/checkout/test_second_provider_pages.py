"""A second provider works in pages, API and headers once it is registered."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from models import Order, User
from portal.payments import Payment, find_payment
from portal.payments.registry import registered
from tests.factories import make_order, make_product
from tests.support.tiny_provider import TinyProvider, tiny_callback
from tests.web.visitor import Visitor


@pytest.fixture(autouse=True)
def tiny() -> Iterator[None]:
    with registered(TinyProvider):
        yield


def test_policy_allows_forms_to_the_provider(client: Visitor) -> None:
    policy = client.get("/").headers["Content-Security-Policy"]
    assert "form-action 'self' http://localhost https://pay.tiny.example;" in policy


def test_checkout_offers_the_provider_and_redirects_to_it(as_owner: Visitor) -> None:
    as_owner.fill_cart((make_product().id, 1))
    page = as_owner.get("/checkout").text
    assert "Tiny wallet" in page
    assert 'name="method" value="wayforpay" checked' in page
    answer = as_owner.check_out("tiny")
    assert answer.status_code == 303
    assert answer.location.startswith("https://pay.tiny.example/checkout?")


def test_checkout_refuses_an_unregistered_provider(as_owner: Visitor) -> None:
    as_owner.fill_cart((make_product().id, 1))
    answer = as_owner.check_out("acme")
    assert answer.status_code == 404
    assert "This way of paying is not available here." in answer.text


def test_api_starts_and_webhook_completes_a_payment(as_owner: Visitor, client: Visitor, owner: User) -> None:
    order = make_order(owner)
    answer = as_owner.send("/api/store/payments/tiny", {"orderId": order.id}).get_json()
    assert (answer["method"], answer["fields"]) == ("GET", {})
    raw = tiny_callback(Payment.of(find_payment(answer["orderReference"])))
    assert client.post("/api/payments/tiny/webhook", data=raw.body).status_code == 400
    paid = client.post("/api/payments/tiny/webhook", data=raw.body, headers=dict(raw.headers))
    assert paid.get_json() == {"id": answer["orderReference"], "seen": 1}
    assert Order.get_by_id(order.id).status == "paid"


def test_openapi_lists_the_provider_routes(client: Visitor) -> None:
    paths = client.get("/openapi.json").get_json()["paths"]
    assert {"/api/store/payments/tiny", "/api/payments/tiny/webhook"} <= paths.keys()


def test_admins_see_the_provider_callbacks(as_admin: Visitor, client: Visitor) -> None:
    raw = tiny_callback(Payment("store_none_1", 1_000, "UAH"))
    client.post("/api/payments/tiny/webhook", data=raw.body, headers=dict(raw.headers))
    page = as_admin.get("/admin/payments/inbox").text
    assert "store_none_1" in page
    assert "1000 UAH" in page
