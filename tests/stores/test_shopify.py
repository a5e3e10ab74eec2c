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


def test_refund_names_its_order_and_other_topics_are_ignored() -> None:
    assert SHOPIFY.read(Verified("refunds/create", {"id": 9, "order_id": int(NUMBER)})) == Fetch(NUMBER)
    assert SHOPIFY.read(Verified("products/update", {"id": 9})) == Ignored("other_topic")
    with pytest.raises(DeliveryUnreadable):
        SHOPIFY.read(Verified("orders/paid", {"id": None}))


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
    snapshot = reading(taxesIncluded=True, totalReceivedSet=bag("600.00")).snapshot
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
    assert reading(totalReceivedSet=bag("300.0")).snapshot.status == "open"
    assert reading(cancelledAt="2026-11-28T12:10:00Z").snapshot.status == "cancelled"
    assert reading(test=True).is_test


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
        api.answer = lambda _: {"errors": [{"message": "Throttled"}]}
        with pytest.raises(StoreUnreachable):
            list(SHOPIFY.changed_since(store, NOW))
    assert [len(one.snapshot.lines) for one in found if isinstance(one, Reading)] == [2, 2]
