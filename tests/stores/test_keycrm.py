"""KeyCRM's API, as described in public: paid payments count, and webhooks are not believed."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from portal.stores.adapters.keycrm import KeyCrm
from portal.stores.adapters.protocol import (
    Delivery,
    DeliveryRefused,
    Fetch,
    Ignored,
    Reading,
    StoreApi,
    StoreRefused,
    StoreUnreachable,
)
from tests.support.store_api import Asked, open_store_api

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
CREDENTIALS = {"api_key": "key", "currency": "uah"}
ORDER: dict[str, Any] = {
    "id": 17,
    "status_group_id": 4,
    "grand_total": 630.5,
    "shipping_price": 60,
    "wrap_price": None,
    "taxes": 0,
    "promocode": "ANNA10",
    "created_at": "2026-11-28T10:00:00.000000Z",
    "updated_at": "2026-11-28T11:00:00.000000Z",
    "buyer": {"id": 5, "email": "buyer@example.test"},
    "products": [
        {"id": 1, "sku": "MUG-1", "name": "Mug", "quantity": 2, "price": 199.99},
        {"id": 2, "sku": "POSTER-2", "name": "Poster", "quantity": 1, "price": 333.33},
    ],
    "payments": [
        {"id": 8, "amount": 630.5, "status": "paid", "actual_currency": "UAH", "updated_at": "2026-11-28T11:05:00Z"},
        {"id": 9, "amount": 630.5, "status": "not_paid", "actual_currency": "UAH"},
    ],
}  # fmt: skip


def fetched(**values: Any) -> Reading | Ignored:
    with open_store_api(lambda _: {**ORDER, **values}) as api:
        found = KeyCrm(api.url).fetch(StoreApi("", CREDENTIALS), Fetch(external_id="17"))
        [asked] = api.asked
    assert (asked.path, asked.headers["authorization"]) == ("/v1/order/17", "Bearer key")
    return found


def reading(**values: Any) -> Reading:
    found = fetched(**values)
    assert isinstance(found, Reading), found
    return found


def test_webhook_is_never_believed() -> None:
    with pytest.raises(DeliveryRefused):
        KeyCrm().verify(Delivery({}, b'{"event": "order.change_payment_status"}'), ("secret",), NOW)


def test_discounts_are_divided_over_the_lines_so_that_they_add_up_to_what_was_paid() -> None:
    snapshot = reading().snapshot
    assert (snapshot.status, snapshot.paid_amount, snapshot.shipping) == ("paid", "630.5", "60")
    assert [(line.sku, line.quantity, line.amount) for line in snapshot.lines] == [
        ("MUG-1", 2, "311.18"),
        ("POSTER-2", 1, "259.32"),
    ]
    assert (snapshot.coupon_codes, snapshot.customer.external_id) == (("ANNA10",), "5")


def test_order_is_paid_by_paid_payments_only_and_a_refunded_one_is_a_refund() -> None:
    [paid, waiting] = ORDER["payments"]
    assert reading(payments=[waiting]).snapshot.status == "open"
    assert reading(payments=None).snapshot.status == "open"
    refunded = reading(payments=[{**paid, "status": "refund"}]).snapshot
    assert (refunded.status, refunded.paid_amount) == ("paid", "630.5")
    assert [one.amount for one in refunded.refunds] == ["630.5"]
    assert reading(status_group_id=6).snapshot.status == "cancelled"


def test_payment_is_a_change_though_the_order_says_nothing() -> None:
    assert reading().snapshot.version == 1795863900000


@pytest.mark.parametrize(
    ("payment", "detail"),
    [
        ({"actual_currency": "USD"}, "a payment in USD, not UAH"),
        ({"source_currency": "USD"}, "a payment in USD, not UAH"),
        ({"is_expense": True}, "payment 8 is an expense"),
    ],
    ids=["currency of the account", "currency of the source", "expense"],
)
def test_payment_that_means_something_else_is_not_guessed(payment: dict[str, Any], detail: str) -> None:
    paid = [{**ORDER["payments"][0], **payment}]
    assert fetched(payments=paid) == Ignored("order_unreadable", "17", detail)


def test_order_of_another_form_is_not_guessed() -> None:
    assert fetched(grand_total=None) == Ignored("order_unreadable", "17", "an amount is no number")
    less = "grand_total: less than shipping_price, wrap_price and taxes"
    assert fetched(grand_total=59.99) == Ignored("order_unreadable", "17", less)
    without = {name: value for name, value in ORDER.items() if name != "payments"}
    with open_store_api(lambda _: without) as api:
        answered = KeyCrm(api.url).fetch(StoreApi("", CREDENTIALS), Fetch("17"))
    assert answered == Ignored("order_unreadable", "17", "payments: missing")
    with open_store_api(lambda _: ORDER) as api:
        named = StoreApi("", {**CREDENTIALS, "currency": "грн"})
        unknown = KeyCrm(api.url).fetch(named, Fetch("17"))
    assert unknown == Ignored("order_unreadable", "17", "currency ГРН: unknown")


def test_lines_need_no_ids_and_pieces_may_be_fractions_or_texts() -> None:
    products = [{**product, "quantity": "2.5", "id": None} for product in ORDER["products"]]
    snapshot = reading(products=products).snapshot
    assert [(line.external_id, line.quantity) for line in snapshot.lines] == [("1", 2), ("2", 2)]


def test_poll_reads_the_list_and_says_when_it_must_wait() -> None:
    def answer(asked: Asked) -> object:
        if asked.path != "/v1/order":
            return 404
        assert asked.arguments["filter[updated_between]"].startswith("2026-11-28 12:00:00,")
        return {"data": [ORDER, {**ORDER, "id": 18}]}

    with open_store_api(answer) as api:
        crm, store = KeyCrm(api.url), StoreApi("", CREDENTIALS)
        assert len(list(crm.changed_since(store, NOW))) == 2
        assert crm.fetch(store, Fetch("18")) == Ignored("order_gone")
        assert crm.fetch(store, Fetch("../buyer")) == Ignored("order_gone")
        for status, error in ((429, StoreUnreachable), (401, StoreRefused)):
            api.answer = lambda _, status=status: status
            with pytest.raises(error):
                list(crm.changed_since(store, NOW))
