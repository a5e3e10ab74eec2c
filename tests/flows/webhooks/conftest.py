"""An endpoint of a connected store and the receiver behind it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from peewee import SQL

from models import Store, WebhookDelivery, WebhookEndpoint
from portal.db import Actor
from portal.flows.webhooks.deliver_webhooks import SendingRules, deliver_webhooks
from portal.webhooks import EVENT_TYPES, create_endpoint, publish_event
from tests.factories import ACTOR, make_store
from tests.support.receiver import Receiver, webhook_receiver

KEY = "secret key of the tests"
RULES = SendingRules(KEY, allow_private=True)
JOB = Actor.job("deliver_webhooks")


@dataclass
class Hooked:
    """A store with one endpoint."""

    store: Store
    endpoint_id: int
    secret: str
    receiver: Receiver

    def publish(self, number: int = 1, type: str = "reward.approved") -> None:
        publish_event(self.store.id, type, f"store_x_{number}", {"number": number})

    @property
    def endpoint(self) -> WebhookEndpoint:
        return WebhookEndpoint.get_by_id(self.endpoint_id)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with webhook_receiver() as running:
        yield running


@pytest.fixture
def hooked(database: str, receiver: Receiver) -> Hooked:
    return connect(make_store(), receiver)


def connect(store: Store, receiver: Receiver, **changes: Any) -> Hooked:
    """Create an endpoint of a store for all events."""
    values = {"url": receiver.url, "types": EVENT_TYPES, "key": KEY, "allow_private": True, **changes}
    new = create_endpoint(store.id, actor=ACTOR, **values)
    return Hooked(store, new.endpoint_id, new.text, receiver)


def deliver(rules: SendingRules = RULES) -> int:
    return deliver_webhooks(rules, JOB)


def make_due() -> None:
    """Make every open delivery due now."""
    WebhookDelivery.update(next_attempt_at=SQL("now()")).where(
        WebhookDelivery.next_attempt_at.is_null(False)
    ).execute()


def only_delivery() -> WebhookDelivery:
    (row,) = WebhookDelivery.select()
    return row


def seconds_until_due() -> int:
    """Return for how long the only delivery waits, counted from its last attempt."""
    row = only_delivery()
    assert row.next_attempt_at is not None
    assert row.last_attempt_at is not None
    return round((row.next_attempt_at - row.last_attempt_at).total_seconds())
