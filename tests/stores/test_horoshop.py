"""Horoshop's API, as described in public: a flag for paid, and totals with or without delivery."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from portal.stores.adapters.horoshop import Horoshop
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
from tests.support.store_api import Asked, FakeApi, open_store_api

HOROSHOP = Horoshop()
NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
CREDENTIALS = {"login": "api", "password": "secret"}
ORDER: dict[str, Any] = {
    "order_id": 50,
    "user": 12,
    "delivery_email": "buyer@example.test",
    "stat_created": "2026-11-28 12:00:00",
    "stat_status": 1,
    "payed": 1,
    "total_sum": 733.31,
    "currency": "UAH",
    "coupon_code": "ANNA10",
    "products": [
        {"article": "MUG-1", "title": "Mug", "quantity": 2, "price": 199.99, "total_price": 399.98},
        {"article": "POSTER-2", "title": "Poster", "quantity": 1, "price": 333.33, "total_price": 333.33},
    ],
}


def shop_with(orders: list[dict[str, Any]]) -> Any:
    def answer(asked: Asked) -> object:
        if asked.path == "/api/auth/":
            is_known = asked.arguments == CREDENTIALS
            return (
                {"status": "OK", "response": {"token": "t"}}
                if is_known
                else {"status": "AUTHORIZATION_ERROR"}
            )
        assert (asked.path, asked.arguments["token"]) == ("/api/orders/get/", "t")
        return {"status": "OK", "response": {"orders": orders}} if orders else {"status": "EMPTY"}

    return answer


def fetched(**values: Any) -> Reading | Ignored:
    with open_store_api(shop_with([{**ORDER, **values}])) as api:
        return HOROSHOP.fetch(StoreApi(api.url, CREDENTIALS), Fetch(external_id="50"))


def reading(**values: Any) -> Reading:
    found = fetched(**values)
    assert isinstance(found, Reading), found
    return found


def test_webhook_is_never_believed() -> None:
    with pytest.raises(DeliveryRefused):
        HOROSHOP.verify(Delivery({}, b'{"order_id": 50, "payed": 1}'), ("secret",), NOW)


def test_order_is_paid_by_its_flag_and_what_is_read_later_is_newer() -> None:
    snapshot = reading().snapshot
    assert (snapshot.status, snapshot.paid_amount, snapshot.shipping) == ("paid", "733.31", "0")
    assert [(line.sku, line.quantity, line.amount) for line in snapshot.lines] == [
        ("MUG-1", 2, "399.98"),
        ("POSTER-2", 1, "333.33"),
    ]
    assert (snapshot.coupon_codes, snapshot.customer.external_id) == (("ANNA10",), "12")
    assert snapshot.created_at == datetime(2026, 11, 28, 10, tzinfo=UTC)
    # A cancelled order can come back and be paid.
    states = [reading(payed=0), reading(stat_status="4", payed=0), reading(stat_status="3", payed="1")]
    assert [one.snapshot.status for one in states] == ["open", "cancelled", "paid"]
    versions = [one.snapshot.version for one in states]
    assert versions == sorted(versions)


def test_delivery_in_the_total_is_no_goods_and_a_discount_is_divided_over_them() -> None:
    with_delivery = reading(total_sum=793.31).snapshot
    assert (with_delivery.shipping, with_delivery.paid_amount) == ("60", "793.31")
    discounted = reading(total_sum=660).snapshot
    assert [line.amount for line in discounted.lines] == ["359.99", "300.01"]
    assert (discounted.shipping, discounted.status) == ("0", "paid")


def test_unknown_currency_and_another_form_are_not_guessed() -> None:
    assert fetched(currency="грн") == Ignored("order_unreadable", "50", "currency ГРН: unknown")
    unpaid = {name: value for name, value in ORDER.items() if name != "payed"}
    with open_store_api(shop_with([unpaid])) as api:
        without_flag = HOROSHOP.fetch(StoreApi(api.url, CREDENTIALS), Fetch(external_id="50"))
    assert without_flag == Ignored("order_unreadable", "50", "payed: missing")
    assert fetched(products=None) == Ignored("order_unreadable", "50", "not the form of an order (TypeError)")


def asked_pages(api: FakeApi) -> list[tuple[Any, Any]]:
    return [
        (one.arguments["from"], one.arguments["offset"]) for one in api.asked if "offset" in one.arguments
    ]


def test_poll_reads_a_month_page_after_page_and_knows_a_refusal() -> None:
    with open_store_api(shop_with([])) as api:
        store = StoreApi(api.url, CREDENTIALS)
        assert list(HOROSHOP.changed_since(store, NOW)) == []
        assert asked_pages(api) == [("2026-10-29 14:00:00", 0)]
        assert HOROSHOP.fetch(store, Fetch("50")) == Ignored("order_gone")
        with pytest.raises(StoreRefused):
            list(HOROSHOP.changed_since(StoreApi(api.url, {**CREDENTIALS, "password": "x"}), NOW))

        pages = iter([[ORDER, {**ORDER, "order_id": 51}], [{**ORDER, "order_id": 52}], []])
        api.answer = lambda asked: shop_with([] if "auth" in asked.path else next(pages))(asked)
        assert len(list(HOROSHOP.changed_since(store, NOW))) == 3
        assert [offset for _, offset in asked_pages(api)[1:]] == [0, 2, 3]

        api.answer = lambda asked: shop_with([])(asked) if "auth" in asked.path else {"status": "ERROR"}
        with pytest.raises(StoreUnreachable) as unreachable:
            list(HOROSHOP.changed_since(store, NOW))
    assert unreachable.value.params["detail"] == "orders/get: ERROR"
