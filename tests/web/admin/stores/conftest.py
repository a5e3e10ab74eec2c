"""A connected store, what its form sends, and what it reports."""

from __future__ import annotations

from typing import Any

import pytest

from models import EventLog, Store
from portal.chain import open_chain
from portal.flows.stores.receive_snapshot import receive_snapshot
from portal.stores import OrderSnapshot
from tests.factories import make_store
from tests.flows.conftest import settings_with

TYPED = {
    "name": "Mug shop",
    "platform": "woocommerce",
    "origins": "https://mugs.example\nhttps://www.mugs.example/shop",
    "default_vendor": "",
    "collected_by": "store",
    "commission_base": "net",
    "reward_waits_for": "approval",
    "form_key": "once",
}


@pytest.fixture
def shop(database: str) -> Store:
    return make_store(platform="woocommerce")


def report(store: Store, **changes: Any) -> None:
    body: dict[str, Any] = {
        "externalId": "14", "number": "1042", "version": 1, "currency": "UAH", "status": "paid", "paidAmount": "719.98",
        "codeSource": "cookie", "customer": {"email": "buyer@example.test"},
        "lines": [{"externalId": "7", "sku": "MUG-1", "quantity": 1, "amount": "719.98"}],
    }  # fmt: skip
    settings = settings_with()
    snapshot = OrderSnapshot.model_validate({**body, **changes}, strict=False)
    receive_snapshot(store, snapshot, kind="order.updated", chain=open_chain(settings), settings=settings)


def events_of(store: Store) -> list[str]:
    return [row.event for row in EventLog.select().where(EventLog.entity == "store").order_by(EventLog.id)]
