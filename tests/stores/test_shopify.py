"""Shopify's webhooks and GraphQL answers, as documented: what was received and refunded."""

from __future__ import annotations

import copy
import re
from datetime import UTC, datetime
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
from portal.stores.adapters.shopify import Shopify
from tests.support.captures import vector
from tests.support.shopify import NUMBER, ORDER, bag
from tests.support.store_api import Asked, open_store_api

SHOPIFY = Shopify()
VECTOR = vector("shopify")
SECRET = VECTOR["secret"]
NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)


def published() -> Delivery:
    return Delivery(
        {name.lower(): value for name, value in VECTOR["headers"].items()}, VECTOR["body"].encode()
    )


def fetched(order: dict[str, Any] | None, **values: Any) -> Reading | Ignored:
    with open_store_api(lambda _: {"data": {"order": order and {**order, **values}}}) as api:
        found = SHOPIFY.fetch(StoreApi(api.url, {"access_token": "shpat_1"}), Fetch(external_id=NUMBER))
        [asked] = api.asked
    assert re.fullmatch(r"/admin/api/\d{4}-\d\d/graphql\.json", asked.path)
    assert asked.headers["x-shopify-access-token"] == "shpat_1"
    assert asked.arguments["variables"] == {"id": f"gid://shopify/Order/{NUMBER}"}
    return found


def reading(**values: Any) -> Reading:
    found = fetched(ORDER, **values)
    assert isinstance(found, Reading), found
    return found


def test_published_vector_is_authentic_and_names_the_order_exactly() -> None:
    verified = SHOPIFY.verify(published(), ("other", SECRET), NOW)
    assert isinstance(verified, Verified)
    assert SHOPIFY.read(verified) == Fetch(external_id=NUMBER)


def test_forged_or_unsigned_delivery_is_refused() -> None:
    given = published()
    for case, secrets, reason in (
        (Delivery(given.headers, given.body.replace(b"409.94", b"409.95")), (SECRET,), "signature_wrong"),
        (given, ("other",), "signature_wrong"),
        (given, (), "secret_missing"),
        (Delivery({}, given.body), (SECRET,), "signature_missing"),
    ):
        with pytest.raises(DeliveryRefused) as refused:
            SHOPIFY.verify(case, secrets, NOW)
        assert refused.value.params["reason"] == reason


@pytest.mark.parametrize(
    ("topic", "body", "expected"),
    [
        ("refunds/create", {"id": 9, "order_id": int(NUMBER)}, Fetch(NUMBER)),
        ("order_transactions/create", {"id": 9, "order_id": int(NUMBER)}, Fetch(NUMBER)),
        ("orders/edited", {"order_edit": {"id": 9, "order_id": int(NUMBER)}}, Fetch(NUMBER)),
        ("orders/delete", {"id": int(NUMBER)}, Fetch(NUMBER, is_gone=True)),
        ("products/update", {"id": 9}, Ignored("other_topic")),
    ],
)
def test_each_topic_names_its_order_in_its_own_way(
    topic: str, body: dict[str, Any], expected: object
) -> None:
    assert SHOPIFY.read(Verified(topic, body)) == expected


@pytest.mark.parametrize(
    ("topic", "body"),
    [
        ("orders/paid", {"id": None}),
        ("orders/paid", {"id": "5"}),
        ("orders/edited", {"order_edit": None}),
        ("refunds/create", {"id": 9}),
    ],
)
def test_delivery_without_its_order_is_not_guessed(topic: str, body: dict[str, Any]) -> None:
    with pytest.raises(DeliveryUnreadable):
        SHOPIFY.read(Verified(topic, body))


def test_order_has_what_was_received_and_successful_refunds_only() -> None:
    snapshot = reading().snapshot
    assert (snapshot.external_id, snapshot.number, snapshot.status) == (NUMBER, "#1001", "paid")
    assert (snapshot.paid_amount, snapshot.shipping) == ("720", "60")
    assert [(one.sku, one.vendor, one.amount, one.tax) for one in snapshot.lines] == [
        ("MUG-1", "Vendor 1", "300", "60"),
        ("POSTER-2", "Vendor 2", "250", "50"),
    ]
    assert [(one.id, one.amount) for one in snapshot.refunds] == [("3", "100")]
    assert (snapshot.customer.external_id, snapshot.customer.email) == ("7", "buyer@example.test")


def test_taxes_within_the_prices_are_taken_out() -> None:
    snapshot = reading(
        taxesIncluded=True, totalReceivedSet=bag("600.00"), totalPriceSet=bag("600.00")
    ).snapshot
    assert [(one.amount, one.tax) for one in snapshot.lines] == [("240", "60"), ("200", "50")]
    assert (snapshot.shipping, snapshot.status) == ("50", "paid")


def test_code_comes_from_the_cart_or_else_from_the_landing_page_and_coupons_are_kept() -> None:
    assert reading().snapshot.referral_code == "Ab3dE5gH"
    lost = reading(customAttributes=[]).snapshot
    assert (lost.referral_code, lost.coupon_codes) == ("Zz9yX8wV", ("ANNA10",))
    assert reading(customAttributes=[], customerJourneySummary=None).snapshot.referral_code is None
    # Buyers write the address of a visit: a malformed one does not hide the order.
    visit = {"firstVisit": {"landingPage": "http://[?ref=Zz9yX8wV"}}
    assert reading(customAttributes=[], customerJourneySummary=visit).snapshot.referral_code is None


def test_order_that_is_unpaid_cancelled_or_a_test_says_so() -> None:
    assert reading(totalReceivedSet=bag("0.0")).snapshot.status == "open"
    assert reading(totalReceivedSet=bag("300.0"), fullyPaid=False).snapshot.status == "open"
    assert reading(cancelledAt="2026-11-28T12:10:00Z").snapshot.status == "cancelled"


def test_query_costs_less_than_shopify_allows() -> None:
    """Shopify counts each object that an answer may have, as often as its list may be long; 1,000 is the most."""
    with open_store_api(lambda _: {"data": {"order": ORDER}}) as api:
        SHOPIFY.fetch(StoreApi(api.url, {"access_token": "t"}), Fetch(external_id=NUMBER))
        query = api.asked[0].arguments["query"]
    cost, times, length = 0, [1], 1
    for number, brace in re.findall(r"first: (\d+)|([{}])", query):
        if number:
            length = int(number)
        elif brace == "{":
            times.append(times[-1] * length)
            cost, length = cost + times[-1], 1
        else:
            times.pop()
    assert 300 < cost < 1000


def test_app_signs_in_for_a_token_unless_it_is_an_older_one_that_has_one() -> None:
    client, wanted = {"client_id": "id_1", "client_secret": "secret_1"}, Fetch(external_id=NUMBER)

    def answer(asked: Asked) -> object:
        if asked.path == "/admin/oauth/access_token":
            assert asked.arguments == {**client, "grant_type": "client_credentials"}
            return {"access_token": "token_1", "scope": "read_orders", "expires_in": 86399}
        return {"data": {"order": ORDER}}

    with open_store_api(answer) as api:
        assert isinstance(SHOPIFY.fetch(StoreApi(api.url, client), wanted), Reading)
        older = {"client_id": "key", "client_secret": "shpat_2"}
        assert isinstance(SHOPIFY.fetch(StoreApi(api.url, older), wanted), Reading)
        tokens = [one.headers.get("x-shopify-access-token") for one in api.asked]
        assert tokens == [None, "token_1", "shpat_2"]
        for status in (400, 401):
            api.answer = lambda _, status=status: status
            with pytest.raises(StoreRefused):
                SHOPIFY.fetch(StoreApi(api.url, client), wanted)


def test_order_that_is_gone_or_has_another_form_is_not_guessed() -> None:
    assert fetched(None) == Ignored("order_gone")
    assert fetched(ORDER, totalReceivedSet=None) == Ignored(
        "order_unreadable", NUMBER, "not the form of an order (TypeError)"
    )


def test_poll_follows_pages_of_orders_and_of_lines() -> None:
    first, second = copy.deepcopy(ORDER), copy.deepcopy(ORDER)
    first["lineItems"] = {
        "pageInfo": {"hasNextPage": True, "endCursor": "c1"},
        "nodes": ORDER["lineItems"]["nodes"][:1],
    }
    second["lineItems"]["nodes"] = ORDER["lineItems"]["nodes"][1:]

    def answer(asked: Asked) -> object:
        variables = asked.arguments["variables"]
        if "query" in variables:
            assert variables["query"] == "updated_at:>='2026-11-28T12:00:00Z'"
            more = variables["after"] is None
            page = {"hasNextPage": more, "endCursor": "p1"}
            return {"data": {"orders": {"pageInfo": page, "nodes": [{"id": ORDER["id"]}]}}}
        return {"data": {"order": second if variables.get("after") == "c1" else first}}

    with open_store_api(answer) as api:
        store = StoreApi(api.url, {"access_token": "shpat_1"})
        found = list(SHOPIFY.changed_since(store, NOW))
        api.answer = lambda _: {"errors": [{"message": "Not allowed"}]}
        with pytest.raises(StoreUnreachable):
            list(SHOPIFY.changed_since(store, NOW))
    assert [len(one.snapshot.lines) for one in found if isinstance(one, Reading)] == [2, 2]


def test_shop_whose_points_are_used_up_is_asked_again_until_some_have_come_back() -> None:
    throttled = {"errors": [{"message": "Throttled", "extensions": {"code": "THROTTLED"}}]}
    answers = iter([throttled, throttled, {"data": {"order": ORDER}}])
    shopify, wanted = Shopify(waits=(0, 0)), Fetch(external_id=NUMBER)
    with open_store_api(lambda _: next(answers)) as api:
        store = StoreApi(api.url, {"access_token": "shpat_1"})
        assert isinstance(shopify.fetch(store, wanted), Reading)
        api.answer = lambda _: throttled
        with pytest.raises(StoreUnreachable) as unreachable:
            shopify.fetch(store, wanted)
    assert unreachable.value.params["detail"] == "GraphQL: Throttled"
    assert len(api.asked) == 6
