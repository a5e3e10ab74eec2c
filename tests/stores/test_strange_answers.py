"""APIs of stores that answer with JSON of another form: no adapter crashes or takes it for an empty list."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from portal.stores.adapters.horoshop import Horoshop
from portal.stores.adapters.keycrm import KeyCrm
from portal.stores.adapters.medusa import Medusa
from portal.stores.adapters.protocol import (
    DeliveryUnreadable,
    Fetch,
    Ignored,
    StoreAdapter,
    StoreApi,
    StoreUnreachable,
)
from portal.stores.adapters.saleor import Saleor
from portal.stores.adapters.shopify import Shopify
from portal.stores.adapters.stripe import Stripe
from portal.stores.adapters.vendure import Vendure
from portal.stores.adapters.woocommerce import WooCommerce
from tests.support.captures import order_of, recorded_content, standard
from tests.support.store_api import open_store_api

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
ANSWERS: list[Any] = [
    [],
    "text",
    7,
    {"data": [7]},
    {"data": {"orders": None, "order": 7}, "orders": 7, "order": 7},
    {"data": {"orders": {"nodes": [{}], "edges": [{}], "items": 7}}, "orders": {}, "payments": [7]},
    [7],
    [{"id": [], "date_modified_gmt": [], "status": []}],
    {"status": "OK", "response": {"token": "t", "orders": 7}},
]


@pytest.mark.parametrize(
    "platform", [Medusa, Vendure, Shopify, Saleor, Horoshop, Stripe, KeyCrm, WooCommerce]
)
def test_answer_of_another_form_is_unreachable_or_unreadable(platform: type) -> None:
    with open_store_api(lambda _: None) as api:
        has_own_address = platform not in (Stripe, KeyCrm)
        adapter: StoreAdapter = platform() if has_own_address else platform(api.url)
        store = StoreApi(api.url, {"currency": "UAH"})
        for answer in ANSWERS:
            api.answer = lambda _, answer=answer: answer if answer != 7 else [7]
            for ask in (
                lambda: list(adapter.changed_since(store, NOW)),
                lambda: [adapter.fetch(store, Fetch("5"))],
            ):
                try:
                    found = ask()
                except StoreUnreachable:
                    continue
                assert all(isinstance(one, Ignored) for one in found), (answer, found)


@pytest.mark.parametrize(
    ("adapter", "number", "member"),
    [
        (Medusa(), 25, "payment_collections"),
        (Medusa(), 25, "shipping_methods"),
        (Vendure(), 39, "payments"),
        (Vendure(), 39, "surcharges"),
    ],
)
def test_order_without_its_payments_or_charges_is_not_taken_for_one_that_has_none(
    adapter: StoreAdapter, number: int, member: str
) -> None:
    content = recorded_content(number)
    del content["order"][member]
    with pytest.raises(DeliveryUnreadable) as unreadable:
        order_of(adapter, standard(content, NOW), NOW)
    assert unreadable.value.params["detail"] == f"{member}: missing"
