"""Deliveries of connected stores over HTTP: what is authentic is stored and applied, everything else is counted."""

from __future__ import annotations

import hashlib
import json
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from models import FailingItem, Order, Store, StoreEvent, StoreOrder
from portal.db import SYSTEM, query
from portal.lib.clock import utc_now
from portal.stores import end_previous_webhook_secret, rotate_webhook_secret
from portal.stores.adapters.protocol import Delivery
from portal.web.hooks.deliveries import BODY_MAX
from tests.factories import make_store
from tests.support.captures import STANDARD_SECRET, recorded_content, standard
from tests.support.statements import count_statements
from tests.support.woocommerce import SECRET, recorded, recorded_answer, signed, signed_bytes
from tests.web.conftest import MakeApp, visitor
from tests.web.visitor import Visitor

SECRET_KEY = "secret key of the tests"
LEDGERS = (
    "orders",
    "order_items",
    "payment_transactions",
    "payment_refunds",
    "settlements",
    "erp_sales_assists",
    "referral_rewards",
    "journal_transfers",
    "event_log",
)
PERSONAL = ("buyer@example.test", "Olena", "Khreshchatyk", "+380440000000", "127.0.0.1", "hello", "wc_order_")


def connected(**values: Any) -> Store:
    store = make_store(platform="woocommerce", **values)
    rotate_webhook_secret(store.id, SECRET_KEY, SYSTEM, SECRET)
    return Store.get_by_id(store.id)


@pytest.fixture
def shop(database: str) -> Store:
    return connected()


def deliver(client: Visitor, store: Store, delivery: Delivery, platform: str = "woocommerce") -> TestResponse:
    return client.post(
        f"/hooks/{store.public_id}/{platform}", data=delivery.body, headers=dict(delivery.headers)
    )


def refused() -> list[tuple[str, int]]:
    rows = StoreEvent.select().where(StoreEvent.kind == "hook.refused")
    return [(row.explanation["reason"], row.explanation["count"]) for row in rows]


def everything() -> str:
    """Return every row of every table as text."""
    names = [row[0] for row in query("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")]
    return "\n".join(str(row) for name in names for row in query(f'SELECT t::text FROM "{name}" t'))


def test_authentic_delivery_becomes_an_order_without_personal_data(
    client: Visitor, shop: Store, caplog: pytest.LogCaptureFixture
) -> None:
    delivery = recorded(5)
    answer = deliver(client, shop, delivery)
    assert (answer.status_code, answer.get_json()) == (200, {"result": "applied"})
    order = Order.get(Order.store == shop.id)
    assert (order.external_id, order.status, order.total_minor, order.paid_minor) == (
        "14",
        "paid",
        54_998,
        71_998,
    )
    event = StoreEvent.get()
    assert (event.kind, event.verified, event.outcome, event.external_id) == (
        "order.updated",
        True,
        "created",
        "14",
    )
    assert event.body_sha256 == hashlib.sha256(delivery.body).hexdigest()
    assert Store.get_by_id(shop.id).webhook_seen_at is not None
    stored = everything()
    assert "MUG-1" in stored
    for text in PERSONAL:
        assert text not in stored, text
        assert text not in caplog.text, text


@pytest.mark.parametrize("raw", ["\x00", "\ud83d", "\udc00\x00"])
def test_text_that_no_column_holds_costs_no_order(client: Visitor, shop: Store, raw: str) -> None:
    """Shops cut texts between the halves of an emoji, and JSON can spell NUL."""
    content = recorded_content(5)
    content["number"] = content["line_items"][0]["sku"] = content["line_items"][0]["name"] = f"Mug{raw}"
    content["coupon_lines"] = [{"code": f"anna{raw}"}]
    content["meta_data"] = [{"key": f"x{raw}", "value": raw}, {"key": "ring_ref", "value": f"Ab3{raw}"}]
    content["billing"]["email"] = f"{raw}@example.test"
    answer = deliver(client, shop, signed(content))
    assert (answer.status_code, answer.get_json()) == (200, {"result": "applied"})
    (line,) = query("SELECT name, sku FROM order_items WHERE sku LIKE 'Mug%%'")
    assert set(line) == {"Mug" + "\ufffd" * len(raw)}
    assert StoreEvent.get().outcome == "created"


def test_what_is_not_authentic_changes_nothing_and_is_counted(client: Visitor, shop: Store) -> None:
    genuine = recorded(5)
    unsigned = {name: value for name, value in genuine.headers.items() if name != "x-wc-webhook-signature"}
    for delivery in (
        Delivery(genuine.headers, genuine.body.replace(b"719.98", b"719.99")),
        Delivery(genuine.headers, json.dumps(json.loads(genuine.body)).encode()),
        signed(json.loads(genuine.body), secret="another-secret"),
        Delivery(unsigned, genuine.body),
    ):
        answer = deliver(client, shop, delivery)
        assert answer.status_code == 401
        assert answer.get_json()["error"]["code"] == "delivery_refused"
    counts = refused()
    assert sum(count for _, count in counts) == 4
    assert len(counts) <= 2  # the minute may end meanwhile
    assert counts[-1][0] == "signature_missing"
    assert not Order.select().exists()
    assert Store.get_by_id(shop.id).webhook_seen_at is None


def test_flood_of_bad_deliveries_is_bounded_and_stops_nobody(make_app: MakeApp, shop: Store) -> None:
    client, other = visitor(make_app(rate_limit_hooks="20 per minute")), connected()
    bad = signed({"id": 1}, secret="another-secret")
    answers = [deliver(client, shop, bad) for _ in range(20)]
    with count_statements() as sent:
        answers += [deliver(client, shop, bad) for _ in range(40)]
    assert sent.count == 0  # so ten thousand more cost the database nothing
    statuses = [answer.status_code for answer in answers]
    assert statuses.count(401) == 20
    assert statuses.count(429) == 40
    assert int(answers[-1].headers["Retry-After"]) > 0
    assert StoreEvent.select().count() <= 2
    assert sum(count for _, count in refused()) == 20
    assert deliver(client, other, recorded(5)).status_code == 200
    elsewhere = client.post(
        f"/hooks/{shop.public_id}/woocommerce",
        data=recorded(5).body,
        headers=dict(recorded(5).headers),
        environ_base={"REMOTE_ADDR": "198.51.100.7"},
    )
    assert elsewhere.status_code == 200


def test_greeting_is_answered_before_there_is_a_secret(client: Visitor, database: str) -> None:
    store = make_store(platform="woocommerce")
    answer = deliver(client, store, recorded(2))
    assert (answer.status_code, answer.get_json()) == (200, {"result": "ignored"})
    assert deliver(client, store, recorded(5)).status_code == 401
    assert refused() == [("secret_missing", 1)]


def test_two_secrets_are_valid_while_rotating(client: Visitor, shop: Store) -> None:
    order = recorded_answer("order_processing")
    lost = rotate_webhook_secret(shop.id, SECRET_KEY, SYSTEM)
    assert deliver(client, shop, signed(order)).status_code == 200
    new = rotate_webhook_secret(shop.id, SECRET_KEY, SYSTEM)
    assert deliver(client, shop, signed(order, secret=lost)).status_code == 401
    assert deliver(client, shop, signed(order)).status_code == 200
    assert deliver(client, shop, signed(order, secret=new)).status_code == 200
    assert end_previous_webhook_secret(shop.id, SYSTEM)
    assert deliver(client, shop, signed(order)).status_code == 401
    assert deliver(client, shop, signed(order, secret=new)).status_code == 200
    assert new not in everything()
    newer = rotate_webhook_secret(shop.id, SECRET_KEY, SYSTEM)
    assert deliver(client, shop, signed(order, secret=newer)).status_code == 200
    newest = rotate_webhook_secret(shop.id, SECRET_KEY, SYSTEM)
    statuses = [deliver(client, shop, signed(order, secret=s)).status_code for s in (new, newer, newest)]
    assert statuses == [401, 200, 200]


def test_delivery_ids_do_not_identify_deliveries(client: Visitor, shop: Store) -> None:
    order = recorded_answer("order_processing")
    for number in (14, 15):
        delivery = signed({**order, "id": number})
        again = Delivery({**delivery.headers, "x-wc-webhook-delivery-id": "ab6c50632f1b391e"}, delivery.body)
        assert deliver(client, shop, again).get_json() == {"result": "applied"}
    assert {row.external_id for row in StoreOrder.select()} == {"14", "15"}


def test_replayed_deliveries_change_nothing(client: Visitor, shop: Store) -> None:
    """Someone who recorded authentic deliveries sends them again, the older ones after the newer."""
    deliveries = [recorded(number) for number in (1, 3, 5, 6)]
    for delivery in deliveries:
        deliver(client, shop, delivery)
    ledgers = [query(f"SELECT t::text FROM {table} t ORDER BY 1") for table in LEDGERS]
    for delivery in (*deliveries, *reversed(deliveries)):
        assert deliver(client, shop, delivery).get_json() == {"result": "applied"}
    assert [query(f"SELECT t::text FROM {table} t ORDER BY 1") for table in LEDGERS] == ledgers
    outcomes = {row.outcome for row in StoreEvent.select().order_by(StoreEvent.id).offset(len(deliveries))}
    assert outcomes <= {"unchanged", "stale"}


def test_delivery_of_another_time_is_refused(client: Visitor, database: str) -> None:
    """Where a platform signs the time, a recorded delivery is worthless after five minutes."""
    store = make_store(platform="medusa")
    rotate_webhook_secret(store.id, SECRET_KEY, SYSTEM, STANDARD_SECRET)
    old, ahead, new = (
        standard(recorded_content(23), utc_now() - timedelta(minutes=age)) for age in (6, -6, 0)
    )
    for wrong, reason, message in (
        (old, "timestamp_old", "was signed too long ago."),
        (ahead, "timestamp_ahead", "is dated in the future."),
    ):
        answer = deliver(client, store, wrong, "medusa")
        assert answer.status_code == 401
        assert message in answer.get_json()["error"]["message"]
        assert (refused()[-1][0], Order.select().count()) == (reason, 0)
    assert deliver(client, store, new, "medusa").get_json() == {"result": "applied"}


def test_platform_is_known_in_any_letter_case(client: Visitor, shop: Store) -> None:
    order = signed(recorded_answer("order_processing"))
    # The description of the API has one spelling, which the visitor of the tests checks.
    browser = FlaskClient(client.application)
    path = f"/hooks/{shop.public_id}/WooCommerce"
    assert browser.post(path, data=order.body, headers=dict(order.headers)).status_code == 200
    assert Order.select().where(Order.store_id == shop.id).count() == 1


def test_other_addresses_are_unknown(client: Visitor, shop: Store) -> None:
    inactive = connected(active=False)
    for store, platform in ((shop, "shopify"), (shop, "nothing"), (inactive, "woocommerce")):
        answer = deliver(client, store, recorded(5), platform)
        assert (answer.status_code, answer.get_json()["error"]["code"]) == (404, "store_unknown")
    assert client.post("/hooks/nobody/woocommerce", data=b"{}").status_code == 404
    assert not StoreEvent.select().exists()


def test_large_body_is_refused_unread(client: Visitor, shop: Store) -> None:
    assert deliver(client, shop, signed_bytes(b"{}" + b" " * BODY_MAX, "order.updated")).status_code == 413
    assert refused() == [("too_large", 1)]
    nowhere = client.post("/hooks/no-such-store/woocommerce", data=b" " * (BODY_MAX + 1))
    assert nowhere.status_code == 413
    padded = json.dumps(recorded_answer("order_processing")).encode().ljust(BODY_MAX)
    assert deliver(client, shop, signed_bytes(padded, "order.updated")).get_json() == {"result": "applied"}


def test_authentic_delivery_is_never_answered_with_an_error(client: Visitor, shop: Store) -> None:
    order = recorded_answer("order_partial_refund")
    for content, result in (
        ({"id": 14, "unknown": True}, "refused"),
        ({**order, "total": "1.00"}, "refused"),
        ({**order, "currency": "ABC"}, "refused"),
        ({**order, "status": "checkout-draft"}, "ignored"),
    ):
        answer = deliver(client, shop, signed(content))
        assert (answer.status_code, answer.get_json()) == (200, {"result": result}), content
    assert not Order.select().exists()
    reasons = [row.explanation.get("error") or row.explanation["reason"] for row in StoreEvent.select()]
    assert sorted(reasons) == ["currency_unknown", "delivery_unreadable", "lines_do_not_add_up"]
    unreadable = StoreEvent.get(StoreEvent.kind == "hook.unreadable")
    assert (unreadable.verified, unreadable.explanation["params"]) == (
        True,
        {"detail": "date_modified_gmt: missing"},
    )
    assert refused() == [], "it was authentic"


def test_body_is_read_raw_whatever_its_type(client: Visitor, shop: Store) -> None:
    delivery = recorded(5)
    form = Delivery({**delivery.headers, "content-type": "application/x-www-form-urlencoded"}, delivery.body)
    assert deliver(client, shop, form).get_json() == {"result": "applied"}


def test_failure_after_storing_is_not_the_stores_problem(
    app: Flask, client: Visitor, shop: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("unexpected")

    with monkeypatch.context() as broken:
        broken.setattr("portal.flows.stores.receive_snapshot.apply_snapshot", fail)
        answer = deliver(client, shop, recorded(5))
    assert (answer.status_code, answer.get_json()) == (200, {"result": "waiting"})
    assert StoreEvent.get().outcome is None
    assert not FailingItem.select().exists()


@pytest.mark.parametrize(
    "changes",
    [
        {"status": []},
        {"total": "1e999999999"},
        {"total": "1e-999999999"},
        {"line_items": [{"id": 1, "quantity": 1, "total": "1e999999999"}]},
        {"parent_id": {}, "refunds": 7},
    ],
    ids=str,
)
def test_authentic_delivery_of_another_form_is_no_error(
    client: Visitor, shop: Store, changes: dict[str, Any]
) -> None:
    order = {**json.loads(recorded(5).body), **changes}
    answer = deliver(client, shop, signed(order))
    assert (answer.status_code, answer.get_json()) == (200, {"result": "refused"})


def test_authentic_number_beyond_every_decimal_is_no_error(client: Visitor, shop: Store) -> None:
    answer = deliver(client, shop, signed_bytes(b'{"id": 1e99999999999999999999}', "order.updated"))
    assert (answer.status_code, answer.get_json()) == (200, {"result": "refused"})
