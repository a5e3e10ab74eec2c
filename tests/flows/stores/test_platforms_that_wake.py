"""Stores whose API is asked, after a signed delivery or by polls: both ledgers have their orders."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from models import Order, ReferralReward, Settlement, Store, StoreEvent
from portal import __version__
from portal.chain import open_chain
from portal.db import SYSTEM
from portal.db.checks import run_checks
from portal.flows.stores.ask_store import settle_fetches
from portal.flows.stores.poll_stores import poll_store
from portal.flows.stores.receive_delivery import receive_delivery
from portal.lib.clock import utc_now
from portal.lib.money import to_major
from portal.stores import (
    record_poll_failure,
    record_poll_progress,
    rotate_webhook_secret,
    set_coupon,
    set_store_api,
)
from portal.stores.adapters.keycrm import KeyCrm
from portal.stores.adapters.protocol import Delivery
from portal.web.text.store_events import event_text
from tests.factories import make_code, make_store, make_user
from tests.flows.conftest import settings_with
from tests.support.captures import vector
from tests.support.shopify import NUMBER, ORDER
from tests.support.store_api import Asked, open_store_api

MINUTE = timedelta(minutes=1)


def test_delivery_of_shopify_wakes_the_portal_which_reads_the_order(database: str) -> None:
    settings = settings_with()
    chain, key = open_chain(settings), settings.secret_key.get_secret_value()
    given, store = vector("shopify"), make_store(platform="shopify")
    rotate_webhook_secret(store.id, key, SYSTEM, given["secret"])
    make_code(make_user("Anna"), code="Ab3dE5gH")
    delivery = Delivery(
        {name.lower(): value for name, value in given["headers"].items()}, given["body"].encode()
    )
    with open_store_api(lambda _: {"data": {"order": ORDER}}) as api:
        set_store_api(store.id, api.url, {"access_token": "shpat_1"}, key, SYSTEM)
        assert receive_delivery(store.public_id, "shopify", delivery, chain, settings) == "waiting"
        assert settle_fetches(chain, settings) == 1
    order = Order.get()
    assert (order.external_id, order.status, order.referral_code) == (NUMBER, "paid", "Ab3dE5gH")
    # 100.00 of 720.00 came back, and so the same share of the goods.
    [settlement] = Settlement.select()
    assert to_major(settlement.amount_minor, "UAH") == Decimal("550") - Decimal("76.39")
    assert ReferralReward.select().count() == 1


def test_platform_without_times_of_changes_is_polled_quietly_and_an_order_can_come_back(
    database: str,
) -> None:
    settings, store = settings_with(), make_store(platform="horoshop")
    chain, key = open_chain(settings), settings.secret_key.get_secret_value()
    order: dict[str, Any] = {
        "order_id": 50,
        "stat_created": "2026-11-28 12:00:00",
        "total_sum": "720.00",
        "currency": "UAH",
        "products": [{"title": "Mug", "quantity": "2.00", "total_price": "720.00"}],
    }

    def answer(asked: Asked) -> object:
        orders = [order] if not asked.arguments.get("offset") else []
        return {"status": "OK", "response": {"token": "t", "orders": orders}}

    def outcomes() -> list[str]:
        return [row.outcome for row in StoreEvent.select().order_by(StoreEvent.id)]

    with open_store_api(answer) as api:
        set_store_api(store.id, api.url, {"login": "l", "password": "p"}, key, SYSTEM)
        # Cancelled by mistake, taken up again, and paid.
        for status, paid in ((1, 0), (4, 0), (2, 0), (2, 1)):
            order |= {"stat_status": status, "payed": paid}
            for _ in range(2):
                poll_store(store.id, chain, settings)
        assert outcomes() == ["created", "updated", "updated", "updated"], (
            "what is known is not applied again"
        )
        order["currency"] = "ГРН"
        poll_store(store.id, chain, settings)
    assert (Order.get().status, Order.get().paid_minor) == ("paid", 72_000)
    refused = StoreEvent.select().order_by(StoreEvent.id.desc()).get()
    assert (refused.outcome, refused.external_id) == ("refused", "50")
    assert refused.explanation == {
        "release": __version__,
        "error": "delivery_unreadable",
        "params": {"detail": "currency ГРН: unknown"},
    }
    assert run_checks() == {}


def test_store_that_gives_something_before_it_refuses_is_not_asked_more_rarely(database: str) -> None:
    store, moment = make_store(platform="shopify"), utc_now()
    for _ in range(3):
        record_poll_failure(store.id, "GraphQL: Throttled", None)
    for until, failures in ((moment, 0), (moment, 1), (moment - MINUTE, 2), (moment + MINUTE, 0)):
        record_poll_progress(store.id, until)
        assert Store.get_by_id(store.id).poll_failures == failures
        record_poll_failure(store.id, "GraphQL: Throttled", None)


@pytest.mark.parametrize(
    ("answer", "outcome", "explanation"),
    [
        ({"data": {"order": None}}, "ignored", {"reason": "order_gone"}),
        (
            {"data": {"order": {**ORDER, "shippingLines": None}}},
            "refused",
            {
                "release": __version__,
                "error": "delivery_unreadable",
                "params": {"detail": "not the form of an order (TypeError)"},
            },
        ),
        (None, "ignored", {"reason": "no_api"}),
    ],
    ids=["gone", "unreadable", "no access"],
)
def test_delivery_whose_order_cannot_be_read_says_why(
    database: str, answer: object, outcome: str, explanation: dict[str, Any]
) -> None:
    settings, given = settings_with(), vector("shopify")
    chain, key, store = (
        open_chain(settings),
        settings.secret_key.get_secret_value(),
        make_store(platform="shopify"),
    )
    rotate_webhook_secret(store.id, key, SYSTEM, given["secret"])
    headers = {name.lower(): value for name, value in given["headers"].items()}
    delivery = Delivery({**headers, "x-shopify-topic": "orders/paid"}, given["body"].encode())
    with open_store_api(lambda _: answer) as api:
        if answer is not None:
            set_store_api(store.id, api.url, {"access_token": "shpat_1"}, key, SYSTEM)
        assert receive_delivery(store.public_id, "shopify", delivery, chain, settings) == "waiting"
        settle_fetches(chain, settings)
    event = StoreEvent.get()
    assert (event.outcome, event.explanation) == (outcome, explanation)
    assert "waiting" not in event_text(event.outcome, event.explanation)


def test_keycrm_orders_reach_both_ledgers_by_promo_code(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings, store = settings_with(), make_store(platform="keycrm")
    chain, key = open_chain(settings), settings.secret_key.get_secret_value()
    make_code(make_user("Anna"), code="Ab3dE5gH")
    set_coupon(store.id, "ANNA10", "Ab3dE5gH", SYSTEM)
    first, second = keycrm_order(17), keycrm_order(18)

    def answer(asked: Asked) -> object:
        return {"data": [first, second] if asked.arguments.get("page") == "1" else []}

    def poll(minute: int) -> None:
        for order in (first, second):
            order["updated_at"] = f"2026-11-28T10:{minute:02}:00.000000Z"
        poll_store(store.id, chain, settings)

    with open_store_api(answer) as api:
        monkeypatch.setattr("portal.flows.stores.poll_stores.find_adapter", lambda _: KeyCrm(api.url))
        set_store_api(store.id, api.url, {"api_key": "key", "currency": "UAH"}, key, SYSTEM)
        poll(1)
        assert [order.status for order in Order.select()] == ["created", "created"]
        first["payments"] = [{"id": 8, "amount": 630.5, "status": "paid", "actual_currency": "UAH"}]
        poll(2)
        second["payments"] = [{"id": 9, "amount": 630.5, "status": "paid", "actual_currency": "UAH"}]
        poll(3)
        [reward] = ReferralReward.select()
        assert (reward.ref_code, reward.order_total_minor) == ("Ab3dE5gH", 57_050)
        booked = [
            (row.amount_minor, row.commission_minor) for row in Settlement.select().order_by(Settlement.id)
        ]
        assert booked == [(57_050, 11_410 + 2_853), (57_050, 11_410)]
        reasons = [order.referral_reason for order in Order.select().order_by(Order.paid_at)]
        assert reasons == [None, "not_first_purchase"]
        first["payments"][0]["status"] = "refund"
        poll(4)
    assert ReferralReward.get().status == "rejected"
    assert [row.status for row in Settlement.select().order_by(Settlement.id)] == ["cancelled", "pending"]
    assert run_checks() == {}


def keycrm_order(number: int) -> dict[str, Any]:
    """Return an unpaid order of one buyer: 570.50 of goods after discounts, and 60.00 of shipping."""
    return {
        "id": number,
        "status_group_id": 4,
        "grand_total": 630.5,
        "shipping_price": 60,
        "promocode": "ANNA10",
        "created_at": "2026-11-28T10:00:00.000000Z",
        "buyer": {"id": 5, "email": "buyer@example.test"},
        "products": [{"id": 1, "sku": "MUG-1", "name": "Mug", "quantity": 2, "price": 299.99}],
        "payments": [],
    }
