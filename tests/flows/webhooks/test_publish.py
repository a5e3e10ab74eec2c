"""Changes of orders, refunds and rewards write events in their own transaction; the documentation shows each."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from models import Order, WebhookDelivery, WebhookEndpoint, WebhookEvent
from portal.db import query, transaction
from portal.flows.approvals.decide_reward import approve, reject
from portal.flows.minting.mint_rewards import notify_minted
from portal.flows.webhooks.publish import publish_rewards
from portal.stores import BUILT_IN_STORE_ID
from portal.webhooks import ENDPOINT_TEST, EVENT_TYPES, STATEMENT_OPENED, create_endpoint, send_test_event
from tests.factories import ACTOR
from tests.flows.conftest import Store
from tests.flows.refunds.refunds import admin_id, mint_reward, pay_order, reward_of, send_refund
from tests.support.statements import count_statements

DOCS = Path(__file__).resolve().parents[3] / "docs" / "stores" / "webhooks.md"


def listen(*types: str) -> int:
    return create_endpoint(
        BUILT_IN_STORE_ID,
        "https://hooks.example/in",
        types or EVENT_TYPES,
        ACTOR,
        key="secret key of the tests",
        allow_private=False,
    ).endpoint_id


def events() -> list[WebhookEvent]:
    return list(WebhookEvent.select().order_by(WebhookEvent.id))


def documented() -> dict[str, dict[str, Any]]:
    """Return the example of each event in the documentation, by type."""
    blocks = re.findall(r"```json\n(.*?)```", DOCS.read_text(), flags=re.S)
    return {body["type"]: body for body in map(json.loads, blocks)}


def test_every_event_is_published_as_documented(store: Store) -> None:
    endpoint_id = listen()
    order = pay_order(store)
    reward = reward_of(order)
    approve(reward.id, admin_id(store), store.settings)
    send_refund(store, order, "100.00")
    mint_reward(reward_of(order))
    notify_minted([reward.id])
    rejected = pay_order(store, "bob")
    reject(reward_of(rejected).id, "Olena asked for it", admin_id(store))
    store.pay(store.newcomer("cid"))
    send_test_event(BUILT_IN_STORE_ID, endpoint_id, ACTOR)
    published = {event.type: event for event in events()}
    examples = documented()
    assert set(examples) == {*EVENT_TYPES, ENDPOINT_TEST}
    assert set(published) == set(examples) - {STATEMENT_OPENED}
    for type, event in published.items():
        example = examples[type]["data"]
        assert shape(event.payload) == shape(example), type
        assert "@" not in str(event.payload)
    assert published["order.attributed"].order_reference == rejected.order_reference
    assert published["refund.applied"].payload["amount"] == "100.00"
    assert published["reward.rejected"].payload["reason"] == "decided"
    # What the refund of 100.00 left of 389.00.
    assert published["reward.approved"].payload["usdValue"] == "0.672500"
    assert published["reward.minted"].payload["usdValue"] == "0.499621"
    assert published["reward.minted"].payload["txHash"] == reward_of(order).tx_hash
    assert published["order.not_attributed"].payload["referralReason"] == "no_code"


def shape(value: object) -> object:
    """Return the names of a value without its leaves; amounts are texts."""
    if isinstance(value, dict):
        return {name: shape(inner) for name, inner in sorted(value.items())}
    return "amount" if isinstance(value, str) and re.fullmatch(r"[0-9]+\.[0-9]{2}", value) else None


def test_refund_that_takes_the_reward_back_publishes_both(store: Store) -> None:
    listen("refund.applied", "reward.rejected")
    order = pay_order(store)
    send_refund(store, order)
    refund, rejected = events()
    assert refund.payload["refundedTotal"] == refund.payload["paidAmount"] == "389.00"
    assert (rejected.type, rejected.payload["reason"]) == ("reward.rejected", "refunded")


def test_nothing_is_written_without_an_endpoint_and_nothing_for_another_store(store: Store) -> None:
    pay_order(store)
    assert events() == []


def test_event_of_a_decision_that_fails_is_not_written(store: Store) -> None:
    listen()
    reward = reward_of(pay_order(store))
    before = len(events())
    with transaction() as decision:
        approve(reward.id, admin_id(store), store.settings)
        assert len(events()) == before + 1
        decision.rollback()
    assert len(events()) == before


def test_mint_is_recorded_although_its_event_cannot_be_written(store: Store) -> None:
    listen()
    reward = reward_of(pay_order(store))
    approve(reward.id, admin_id(store), store.settings)
    WebhookDelivery.delete().execute()
    query("ALTER TABLE webhook_events RENAME TO webhook_events_away")
    try:
        with transaction():
            mint_reward(reward)
            notify_minted([reward.id])
    finally:
        query("ALTER TABLE webhook_events_away RENAME TO webhook_events")
    assert Order.select().count() == 1
    assert reward_of(Order.get()).status == "minted"


def test_events_of_many_rewards_take_as_many_statements_as_of_one(store: Store) -> None:
    listen()
    rewards = []
    for number in range(3):
        reward = reward_of(pay_order(store, f"buyer{number}"))
        approve(reward.id, admin_id(store), store.settings)
        rewards.append(reward.id)
    WebhookEvent.delete().execute()
    assert WebhookEndpoint.select().count() == 1
    with count_statements() as one:
        publish_rewards(rewards[:1])
    with count_statements() as many:
        publish_rewards(rewards)
    assert one.count == many.count
    assert len(events()) == 4
