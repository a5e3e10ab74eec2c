"""A WooCommerce shop from its deliveries to both ledgers: any order, duplicates, refunds that are deleted, outages."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from models import ChainAlert, Order, Refcode, ReferralReward, Settlement, Store, StoreEvent
from portal.chain import AnyChain, open_chain
from portal.db import SYSTEM, query, transaction
from portal.db.checks import run_checks
from portal.flows.stores import poll_stores as polling
from portal.flows.stores.ask_store import settle_fetches
from portal.flows.stores.poll_stores import WEBHOOK_SILENT, StoreApiMissing, poll_store, poll_stores
from portal.flows.stores.receive_delivery import receive_delivery
from portal.lib.clock import utc_now
from portal.orders import find_store_order, get_order
from portal.settings import Settings
from portal.stores import begin_fetch, rotate_webhook_secret, set_store_api
from portal.stores.adapters.protocol import Delivery, StoreRefused, StoreUnreachable
from tests.factories import make_code, make_store, make_user, make_vendor
from tests.flows.conftest import settings_with
from tests.support.repeats import repeats
from tests.support.woocommerce import (
    CREDENTIALS,
    ORDER_14,
    ORDER_20,
    REFUND_ACTIONS,
    SECRET,
    Shop,
    recorded,
    recorded_answer,
    running_shop,
    signed,
)

CONNECTED_AT = datetime(2026, 11, 28, 12, tzinfo=UTC)


@dataclass
class Connected:
    """A connected WooCommerce shop whose order 20 came with the code of a referrer."""

    store: Store
    code: Refcode
    settings: Settings
    chain: AnyChain = field(init=False)

    def __post_init__(self) -> None:
        self.chain = open_chain(self.settings)

    @property
    def key(self) -> str:
        return self.settings.secret_key.get_secret_value()

    def deliver(self, delivery: Delivery) -> str:
        return receive_delivery(self.store.public_id, "woocommerce", delivery, self.chain, self.settings)

    def connect(self, shop: Shop, **credentials: str) -> None:
        set_store_api(self.store.id, shop.url, {**CREDENTIALS, **credentials}, self.key, SYSTEM)

    def poll(self) -> tuple[int, int]:
        polled = poll_store(self.store.id, self.chain, self.settings)
        return polled.read, polled.changed

    def fetch(self) -> None:
        settle_fetches(self.chain, self.settings)

    def row(self) -> Store:
        return Store.get_by_id(self.store.id)

    def order(self, external_id: str = "14") -> Order:
        stored = find_store_order(self.store.id, external_id)
        assert stored is not None
        return get_order(stored.order_id)


@pytest.fixture
def woo(database: str) -> Connected:
    settings = settings_with()
    store = make_store(make_vendor(), "woocommerce")
    code = make_code(make_user("Referrer"), code="Ab3dE5gH")
    rotate_webhook_secret(store.id, settings.secret_key.get_secret_value(), SYSTEM, SECRET)
    Store.update(created_at=CONNECTED_AT).where(Store.id == store.id).execute()
    return Connected(Store.get_by_id(store.id), code, settings)


@pytest.fixture
def shop() -> Iterator[Shop]:
    with running_shop() as running:
        yield running


class _Undo(Exception):
    """Roll back a shuffle."""


@contextmanager
def undone() -> Iterator[None]:
    with suppress(_Undo), transaction():
        yield
        raise _Undo


def ledgers() -> dict[str, list[Any]]:
    """Return what both ledgers and the orders say, without ids and times."""
    statements = {
        "orders": """SELECT external_id, status, total_minor, paid_minor, refunded_minor, currency, referral_code,
            referral_reason, paid_at FROM orders ORDER BY external_id""",
        "payments": """SELECT o.external_id, p.status, p.amount_minor, p.refunded_minor FROM payment_transactions p
            JOIN orders o USING (order_reference) ORDER BY 1""",
        "settlements": """SELECT o.external_id, sum(s.amount_minor), sum(s.commission_minor), sum(s.net_payout_minor)
            FROM settlements s JOIN orders o USING (order_reference) GROUP BY 1 ORDER BY 1""",
        "rewards": """SELECT o.external_id, r.ref_code, r.status, r.usd_value, r.order_total_minor
            FROM referral_rewards r JOIN orders o USING (order_reference) ORDER BY 1""",
    }
    return {name: query(statement) for name, statement in statements.items()}


@pytest.mark.slow
def test_any_order_of_the_deliveries_ends_in_one_state(woo: Connected) -> None:
    deliveries = {number: recorded(number) for number in (*ORDER_14, *ORDER_20, REFUND_ACTIONS[-1])}
    states: list[dict[str, list[Any]]] = []
    for seed in range(repeats(20, many=500)):
        numbers = [*deliveries, *random.Random(seed).choices([*deliveries], k=3)]
        random.Random(seed).shuffle(numbers)
        with undone():
            for number in numbers:
                woo.deliver(deliveries[number])
            woo.fetch()
            states.append(ledgers())
            if seed < 3:
                assert run_checks() == {}, numbers
        assert states[-1] == states[0], numbers
    orders, rewards = states[0]["orders"], states[0]["rewards"]
    assert [order[:5] for order in orders] == [
        ("14", "refunded", 54_998, 71_998, 54_998),
        ("20", "paid", 54_998, 71_998, 0),
    ]
    assert rewards == []  # the buyer has bought before: order 14 was paid first
    assert [row[1] for row in states[0]["payments"]] == ["refunded", "paid"]


def test_refund_that_is_deleted_and_made_again_is_booked_once(woo: Connected) -> None:
    booked = []
    for number in (1, 3, 5, 6, 9, 11):
        woo.deliver(recorded(number))
        order = woo.order()
        booked.append((order.status, order.refunded_minor))
    # 100.00 of 719.98 is 76.39 of the goods, 549.98; another refund of the same amount replaces the deleted one.
    assert booked == [
        ("created", 0),
        ("created", 0),
        ("paid", 0),
        ("paid", 7_639),
        ("paid", 7_639),
        ("refunded", 54_998),
    ]
    refunds = query("SELECT amount_minor, goods_minor FROM payment_refunds ORDER BY id")
    assert [row[0] for row in refunds] == [10_000, 61_998]
    notes = [note["code"] for event in StoreEvent.select() for note in event.explanation.get("notes", [])]
    assert notes == ["refund_withdrawn"]
    assert run_checks() == {}


def test_cash_on_delivery_earns_when_it_is_paid(woo: Connected) -> None:
    woo.deliver(recorded(20))
    assert (woo.order("20").status, Settlement.select().count()) == ("created", 0)
    assert not ReferralReward.select().exists()
    woo.deliver(recorded(22))
    reward = ReferralReward.get()
    assert (reward.ref_code, reward.status) == (woo.code.code, "pending_approval")
    assert woo.order("20").paid_at == datetime(2026, 11, 28, 14, 43, 40, tzinfo=UTC)


def test_refund_is_fetched_with_its_lines_where_the_portal_may_ask(woo: Connected, shop: Shop) -> None:
    woo.connect(shop)
    shop.show(recorded_answer("order_partial_refund"), recorded_answer("refunds"))
    assert woo.deliver(recorded(5)) == "applied"
    assert woo.deliver(recorded(6)) == "waiting"
    assert woo.deliver(recorded(7)) == "waiting"
    assert woo.deliver(recorded(7)) == "waiting"
    assert woo.order().refunded_minor == 0
    woo.fetch()
    assert woo.order().refunded_minor == 8_333
    assert not StoreEvent.select().where(StoreEvent.outcome.is_null()).exists()
    # The same two deliveries again ask once more, and change nothing.
    before = ledgers()
    woo.deliver(recorded(6))
    woo.fetch()
    assert ledgers() == before


def test_delivery_during_a_fetch_waits_for_a_newer_answer(woo: Connected, shop: Shop) -> None:
    woo.connect(shop)
    woo.deliver(recorded(7))
    begin_fetch(StoreEvent.get())
    woo.deliver(recorded(10))
    assert StoreEvent.select().where(StoreEvent.outcome.is_null()).count() == 2


@pytest.mark.parametrize("wait", ["9" * 5_000, "99999999999999999999"])
def test_store_that_asks_for_an_impossible_wait_rests_for_the_longest(
    woo: Connected, shop: Shop, wait: str
) -> None:
    woo.connect(shop)
    shop.failure = (503, {"Retry-After": wait}, 1)
    woo.deliver(recorded(7))
    woo.fetch()
    assert woo.row().poll_error == "HTTP 503"
    assert utc_now() < woo.row().next_poll_at < utc_now() + timedelta(days=2)


def test_unanswered_fetch_waits_and_the_store_rests(woo: Connected, shop: Shop) -> None:
    woo.connect(shop)
    shop.show(recorded_answer("order_partial_refund"), recorded_answer("refunds"))
    shop.failure = (503, {"Retry-After": "900"}, 1)
    woo.deliver(recorded(7))
    woo.fetch()
    row = woo.row()
    assert (row.poll_error, row.poll_failures) == ("HTTP 503", 1)
    assert row.next_poll_at > utc_now() + timedelta(minutes=14)
    asked = len(shop.asked)
    woo.fetch()
    assert len(shop.asked) == asked
    Store.update(next_poll_at=utc_now()).execute()
    woo.fetch()
    assert woo.order().refunded_minor == 8_333


def test_deleted_order_is_cancelled(woo: Connected, shop: Shop) -> None:
    woo.deliver(recorded(20))
    assert woo.deliver(signed({"id": 20}, "order.deleted")) == "waiting"
    woo.fetch()
    assert woo.order("20").status in ("cancelled", "expired")
    woo.connect(shop)
    woo.deliver(signed({"id": 99}, "order.deleted"))
    woo.fetch()
    assert StoreEvent.select().order_by(StoreEvent.id.desc()).first().explanation["reason"] == "order_gone"


# ---------------------------------------------------------------------- reading a store's changes


def _orders(shop: Shop, count: int) -> None:
    order = recorded_answer("order_partial_refund")
    for number in range(100, 100 + count):
        paid = f"2026-11-28T13:{number - 100:02}:00"
        changes = {"id": number, "refunds": [], "date_paid_gmt": paid, "date_modified_gmt": paid}
        shop.show({**order, **changes, "billing": {"email": f"buyer{number}@example.test"}})


def test_orders_of_an_outage_are_read_later(woo: Connected, shop: Shop) -> None:
    """No delivery of twenty orders arrived: the shop sends them once."""
    woo.connect(shop)
    _orders(shop, 20)
    assert woo.poll() == (20, 20)
    assert Settlement.select().count() == 20
    assert woo.row().polled_until == datetime(2026, 11, 28, 13, 19, tzinfo=UTC)
    events = StoreEvent.select().count()
    # The last ten minutes are read again, and known orders leave no event.
    assert woo.poll() == (11, 0)
    assert StoreEvent.select().count() == events
    assert run_checks() == {}


def test_order_of_the_future_hides_no_later_one(woo: Connected, shop: Shop) -> None:
    woo.connect(shop)
    _orders(shop, 2)
    order = recorded_answer("order_partial_refund")
    paid = {"refunds": [], "date_paid_gmt": "2026-11-28T13:30:00"}
    shop.show({**order, **paid, "id": 200, "date_modified_gmt": "2099-01-01T00:00:00"})
    assert woo.poll() == (3, 3)
    now = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S}"
    shop.show(
        {**order, **paid, "id": 201, "date_modified_gmt": now, "billing": {"email": "next@example.test"}}
    )
    assert woo.poll() == (2, 1)
    assert Order.select().where(Order.external_id == "201").exists()


def test_round_that_ends_early_goes_on_where_it_ended(
    woo: Connected, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    woo.connect(shop)
    _orders(shop, 20)
    monkeypatch.setattr(polling, "ROUND_ORDERS", 7)
    changed = []
    for _ in range(3):
        assert poll_stores(woo.chain, woo.settings) == 1
        changed.append(Order.select().count())
    assert changed == [7, 14, 20]
    assert poll_stores(woo.chain, woo.settings) == 0


def test_failing_store_rests_longer_each_time_and_others_go_on(
    woo: Connected, shop: Shop, caplog: pytest.LogCaptureFixture
) -> None:
    woo.connect(shop)
    _orders(shop, 3)
    other = make_store(platform="woocommerce")
    set_store_api(other.id, shop.url, CREDENTIALS, woo.key, SYSTEM)
    shop.failure = (500, {}, 1)
    poll_stores(woo.chain, woo.settings)
    assert {store.poll_error for store in Store.select().where(Store.api_url.is_null(False))} == {
        "HTTP 500",
        None,
    }
    rests = []
    for _ in range(3):
        shop.failure = (500, {}, 1)
        with pytest.raises(StoreUnreachable):
            woo.poll()
        rests.append(round((woo.row().next_poll_at - utc_now()) / timedelta(minutes=1)))
    first = rests[0]
    assert rests == [first, 2 * first, 4 * first]
    assert sum("store cannot be read" in record.getMessage() for record in caplog.records) == 1
    assert woo.poll()[0] == 3
    row = woo.row()
    assert (row.poll_error, row.poll_failures, row.next_poll_at) == (None, 0, None)


def test_wrong_credentials_are_shown(woo: Connected, shop: Shop) -> None:
    with pytest.raises(StoreApiMissing):
        woo.poll()
    woo.connect(shop, consumer_secret="cs_wrong")
    with pytest.raises(StoreRefused):
        woo.poll()
    assert woo.row().poll_error == "store_credentials_refused"
    woo.connect(shop)
    assert woo.row().poll_error is None


def test_refused_and_unreadable_orders_do_not_stop_the_round(woo: Connected, shop: Shop) -> None:
    woo.connect(shop)
    _orders(shop, 3)
    shop.orders[100]["total"] = "1.00"
    del shop.orders[101]["line_items"]
    assert woo.poll() == (3, 1)
    refused = {
        row.external_id: row.explanation["error"]
        for row in StoreEvent.select().where(StoreEvent.outcome == "refused")
    }
    assert refused == {"100": "lines_do_not_add_up", "101": "delivery_unreadable"}


def test_order_that_a_release_could_not_read_is_asked_for_again_by_the_next_one(
    woo: Connected, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    woo.connect(shop)
    _orders(shop, 3)
    lines = shop.orders[101].pop("line_items")

    def outcomes() -> list[str | None]:
        rows = StoreEvent.select().where(StoreEvent.external_id == "101").order_by(StoreEvent.id)
        return [row.outcome for row in rows]

    assert woo.poll() == (3, 2)
    shop.orders[101]["line_items"] = lines  # The order is as it was; the adapter reads it now.
    StoreEvent.update(received_at=utc_now() - timedelta(days=2)).execute()
    Store.update(polled_until=utc_now()).execute()
    woo.poll()
    woo.fetch()
    assert outcomes() == ["refused"]
    monkeypatch.setattr(polling, "__version__", "99.0.0")
    for _ in range(2):
        woo.poll()
        woo.fetch()
        assert outcomes() == ["created"]


def test_silent_webhooks_raise_one_alert_that_ends_with_them(woo: Connected, shop: Shop) -> None:
    woo.connect(shop)
    woo.poll()
    assert not ChainAlert.select().exists()  # no order changed
    _orders(shop, 2)
    woo.poll()
    alert = ChainAlert.get()
    assert (alert.kind, alert.subject, alert.resolved_at) == (WEBHOOK_SILENT, woo.store.public_id, None)
    woo.deliver(recorded(20))
    woo.poll()
    assert ChainAlert.get().resolved_at is not None
