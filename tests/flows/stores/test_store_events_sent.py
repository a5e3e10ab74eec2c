"""Orders of a connected store send their events to the store's own endpoints."""

from __future__ import annotations

import pytest

from models import WebhookEvent
from portal.webhooks import EVENT_TYPES, create_endpoint
from tests.factories import ACTOR, make_store
from tests.flows.stores.conftest import Shop


@pytest.fixture(autouse=True)
def endpoints(shop: Shop) -> None:
    for store_id in (shop.store.id, make_store().id):
        create_endpoint(
            store_id, "https://hooks.example/in", EVENT_TYPES, ACTOR, key="test", allow_private=False
        )


def published(shop: Shop) -> list[tuple[str, str]]:
    rows = WebhookEvent.select().order_by(WebhookEvent.id)
    assert {row.store_id for row in rows} <= {shop.store.id}
    return [(row.type, row.payload["externalId"]) for row in rows]


def test_paid_order_is_published_once_however_often_it_is_reported(shop: Shop) -> None:
    shop.report(shop.open())
    assert published(shop) == []
    shop.report()
    shop.report()
    assert published(shop) == [("order.attributed", "14")]
    payload = WebhookEvent.get().payload
    assert payload["commissionable"]["currency"] == "UAH"
    assert "example.test" not in str(payload)


def test_order_that_was_not_the_first_after_all_is_published_again(shop: Shop) -> None:
    shop.report(externalId="20", paidAt=shop.later(5))
    shop.report(externalId="14")
    assert published(shop) == [
        ("order.attributed", "20"),
        ("order.not_attributed", "20"),
        ("order.attributed", "14"),
    ]


def test_test_mode_publishes_nothing(shop: Shop) -> None:
    shop.report(live=False)
    assert published(shop) == []
