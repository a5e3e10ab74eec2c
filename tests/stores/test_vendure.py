"""Vendure's deliveries, as recorded: what is paid and refunded for certain."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from portal.stores import LinesDoNotAddUp, require_lines_add_up
from portal.stores.adapters.protocol import (
    DeliveryUnreadable,
    Fetch,
    Ignored,
    Reading,
    StoreApi,
    StoreUnreachable,
    Verified,
)
from portal.stores.adapters.vendure import Vendure
from tests.support.captures import STANDARD_SECRET, order_of, recorded, recorded_content, standard
from tests.support.store_api import Asked, open_store_api

VENDURE = Vendure()
NOW = datetime(2026, 11, 28, 15, tzinfo=UTC)
PLACED = (38, 39, 40, 43, 44, 45, 46, 47, 48)


@pytest.mark.parametrize("number", [*PLACED, 41, 42])
def test_recorded_delivery_is_authentic(number: int) -> None:
    delivery, arrived = recorded(number)
    assert isinstance(VENDURE.verify(delivery, (STANDARD_SECRET,), arrived), Verified)


@pytest.mark.parametrize("number", [41, 42])
def test_order_that_was_not_placed_is_ignored(number: int) -> None:
    delivery, arrived = recorded(number)
    verified = VENDURE.verify(delivery, (STANDARD_SECRET,), arrived)
    assert isinstance(verified, Verified)
    assert VENDURE.read(verified) == Ignored("draft")


def test_minor_units_become_the_amounts_of_lines_shipping_and_payment() -> None:
    snapshot = order_of(VENDURE, *recorded(39))
    assert (snapshot.external_id, snapshot.status, snapshot.currency) == ("GH15VZA7ZMARWJS5", "paid", "USD")
    assert (snapshot.paid_amount, snapshot.shipping) == ("1284.97", "5")
    assert [(line.sku, line.name, line.quantity, line.amount, line.tax) for line in snapshot.lines] == [
        ("MUG-1", "Mug", 2, "399.98", "80"),
        ("POSTER-2", "Poster", 2, "666.66", "133.33"),
    ]
    assert (snapshot.referral_code, snapshot.customer.email) == ("Ab3dE5gH", "buyer@example.test")


def test_pending_refund_does_not_count_until_it_is_settled() -> None:
    read = {number: order_of(VENDURE, *recorded(number)) for number in PLACED}
    amounts = {number: [refund.amount for refund in snapshot.refunds] for number, snapshot in read.items()}
    assert amounts == {38: [], 39: [], 40: [], 43: [], 44: [], 45: [], 46: [], 47: ["100"], 48: ["100"]}
    assert {snapshot.paid_amount for snapshot in read.values()} == {"1284.97"}
    versions = [read[number].version for number in (43, 44, 45, 46, 47, 48)]
    assert versions == sorted(set(versions)), "updatedAt stays as it was"


def test_cancelled_order_keeps_its_lines_and_payment_though_its_totals_are_zero() -> None:
    content = recorded_content(48)
    content["order"] |= {"state": "Cancelled", "total": 0, "totalWithTax": 0, "subTotal": 0}
    for line in content["order"]["lines"]:
        zeros = ("quantity", "linePrice", "proratedLinePrice", "proratedLinePriceWithTax", "proratedLineTax")
        line |= dict.fromkeys(zeros, 0)
    before, after = order_of(VENDURE, *recorded(48)), order_of(VENDURE, standard(content, NOW), NOW)
    assert (after.status, after.paid_amount) == ("cancelled", "1284.97")
    assert [refund.amount for refund in after.refunds] == ["100"]
    goods = [(line.sku, line.quantity, line.amount) for line in after.lines]
    assert goods == [(line.sku, line.quantity, line.amount) for line in before.lines]


def test_payment_that_is_only_authorized_leaves_the_order_open() -> None:
    content = recorded_content(39)
    content["order"]["state"] = "PaymentAuthorized"
    content["order"]["payments"][0]["state"] = "Authorized"
    snapshot = order_of(VENDURE, standard(content, NOW), NOW)
    assert (snapshot.status, snapshot.paid_amount, snapshot.paid_at) == ("open", "0", None)


@pytest.mark.parametrize(
    ("name", "value", "detail"),
    [
        ("currencyCode", "XXQ", "currency XXQ: unknown"),
        ("shippingWithTax", 5.5, "an amount is no integer"),
        ("lines", None, "not the form of an order (TypeError)"),
    ],
    ids=["currency", "fraction", "no lines"],
)
def test_order_of_another_form_says_what_is_wrong(name: str, value: object, detail: str) -> None:
    content = recorded_content(39)
    content["order"][name] = value
    with pytest.raises(DeliveryUnreadable) as unreadable:
        order_of(VENDURE, standard(content, NOW), NOW)
    assert unreadable.value.params["detail"] == detail


@pytest.mark.parametrize(
    ("currency", "precision", "paid", "line", "tax"),
    [
        ("USD", 2, "1284.97", "399.98", "80"),
        # Vendure counts hundredths of every currency; a shop may have set another precision.
        ("JPY", 2, "1285", "400", "80"),
        ("KWD", 2, "1284.97", "399.98", "80"),
        ("USD", 3, "128.5", "40", "8"),
        ("KWD", 3, "128.497", "39.998", "8"),
        ("JPY", 0, "128497", "39998", "8000"),
    ],
)
def test_amounts_have_the_decimals_that_the_shop_counts_whatever_the_currency(
    currency: str, precision: int, paid: str, line: str, tax: str
) -> None:
    content = recorded_content(39)
    content["order"]["currencyCode"] = currency
    if precision != 2:
        content["moneyPrecision"] = precision
    snapshot = order_of(VENDURE, standard(content, NOW), NOW)
    assert (snapshot.paid_amount, snapshot.lines[0].amount, snapshot.lines[0].tax) == (paid, line, tax)
    require_lines_add_up(snapshot, currency)
    data = {
        "orders": {"items": [content["order"]]},
        "globalSettings": {"serverConfig": {"moneyStrategyPrecision": precision}},
    }
    with open_store_api(lambda _: {"data": data}) as api:
        fetched = VENDURE.fetch(StoreApi(api.url, {}), Fetch("A"))
    assert isinstance(fetched, Reading)
    assert fetched.snapshot.model_copy(update={"version": snapshot.version}) == snapshot


def test_surcharge_below_zero_is_a_discount_and_a_settled_order_that_does_not_add_up_is_refused() -> None:
    content = recorded_content(39)
    order = content["order"]
    order["surcharges"] = [{"priceWithTax": 1000}, {"priceWithTax": -2797}]
    order["payments"][0]["amount"] += 1000 - 2797
    snapshot = order_of(VENDURE, standard(content, NOW), NOW)
    assert (snapshot.status, snapshot.paid_amount, snapshot.shipping) == ("paid", "1267", "15")
    require_lines_add_up(snapshot, "USD")
    order["payments"][0]["amount"] = 100000
    assert order["state"] == "PaymentSettled"
    with pytest.raises(LinesDoNotAddUp):
        require_lines_add_up(order_of(VENDURE, standard(content, NOW), NOW), "USD")


def test_poll_reads_the_list_and_an_error_of_the_query_is_no_empty_list() -> None:
    order = recorded_content(47)["order"]

    def answer(asked: Asked) -> object:
        assert (asked.path, asked.headers["vendure-api-key"]) == ("/admin-api", "key")
        # An object with the plugin's field, so it must be asked for by its members.
        assert "customFields { ringRef }" in asked.arguments["query"]
        options = asked.arguments["variables"]["options"]
        if "code" in options["filter"]:
            known = options["filter"]["code"]["eq"] == order["code"]
            return {"data": {"orders": {"items": [order] if known else []}}}
        since = {"after": "2026-11-28T14:59:59.999+00:00"}
        assert options["filter"] == {"_or": [{"updatedAt": since}, {"orderPlacedAt": since}]}
        return {"data": {"orders": {"items": [order, {**order, "id": "3", "code": "B"}]}}}

    with open_store_api(answer) as api:
        store = StoreApi(api.url, {"api_key": "key"})
        assert len(list(VENDURE.changed_since(store, NOW))) == 2
        fetched = VENDURE.fetch(store, Fetch(order["code"]))
        assert isinstance(fetched, Reading)
        assert [refund.amount for refund in fetched.snapshot.refunds] == ["100"]
        assert VENDURE.fetch(store, Fetch("OTHER")) == Ignored("order_gone")
        api.answer = lambda _: {"errors": [{"message": "You are not authorized"}], "data": None}
        with pytest.raises(StoreUnreachable) as unreachable:
            list(VENDURE.changed_since(store, NOW))
    assert unreachable.value.params["detail"] == "GraphQL: You are not authorized"


def test_address_without_https_gets_no_credentials() -> None:
    with pytest.raises(StoreUnreachable) as unreachable:
        VENDURE.fetch(StoreApi("http://shop.example", {"api_key": "key"}), Fetch("A"))
    assert "https" in str(unreachable.value.params["detail"])
