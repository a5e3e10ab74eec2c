"""More callbacks than can be settled at once: groups keep the order, isolate a failure and survive killed processes."""

from __future__ import annotations

import random
import signal
import threading
import time

import pytest

from models import EventLog, FailingItem, Order, PaymentEvent, ReferralReward, Settlement
from portal.db import bind_database, connection, query
from portal.db.checks import run_checks
from portal.flows.checkout.apply_callbacks import StoredCallback
from portal.flows.checkout.settle_inbox import Waiting, in_groups, settle_inbox
from portal.payments import Callback, RawCallback, accept_callback, get_provider
from tests.factories import make_code, make_user
from tests.flows.conftest import Store
from tests.support.beacons import Tally, send, serving
from tests.support.bursts import PROVIDER, approved, approved_callback, settling, waiting_orders
from tests.support.databases import close_database
from tests.support.load import wait_until
from tests.support.repeats import repeats

_REFUSE = """
CREATE FUNCTION refuse_row() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'no movement of this order'; END $$;
CREATE TRIGGER refuse_movement BEFORE INSERT ON stock_movements
    FOR EACH ROW WHEN (NEW.order_id = '{order}') EXECUTE FUNCTION refuse_row();
"""


def waiting(event_id: int, key: str, *, joins: bool = True, provider: str = "wayforpay") -> Waiting:
    callback = Callback(key, "paid", 1, "UAH", str(event_id), None, "{}")
    return Waiting(StoredCallback(event_id, provider, callback), frozenset({key}), joins)


def numbers(*callbacks: Waiting, size: int = 3) -> list[list[int]]:
    return [[each.event_id for each in group] for group in in_groups(callbacks, size)]


def test_groups_keep_the_order_and_have_each_buyer_once() -> None:
    assert numbers() == []
    assert numbers(waiting(1, "a"), waiting(2, "b"), waiting(3, "a")) == [[1, 2], [3]]
    assert numbers(*(waiting(number, str(number)) for number in range(5))) == [[0, 1, 2], [3, 4]]
    assert numbers(waiting(1, "a"), waiting(2, "b", joins=False), waiting(3, "c")) == [[1], [2], [3]]
    assert numbers(waiting(1, "a"), waiting(2, "b", provider="other")) == [[1], [2]]


def accept(store: Store, order: Order, status: str = "Approved") -> int:
    """Store a callback as a request does that leaves it to the job."""
    provider = get_provider("wayforpay", store.settings)
    callback = provider.read_callback(RawCallback("wayforpay", store.callback(order, status)))
    assert isinstance(callback, Callback)
    return accept_callback("wayforpay", callback).event_id


def begun(store: Store, name: str, count: int = 1) -> list[Order]:
    buyer = store.newcomer(name)
    orders = [store.place(buyer, cookie=store.code).order for _ in range(count)]
    for order in orders:
        store.begin_payment(order)
    return orders


def test_one_that_fails_stops_no_other(store: Store) -> None:
    orders = [begun(store, name)[0] for name in ("ann", "bob", "cid", "dan")]
    bad = orders[1]
    query(_REFUSE.format(order=bad.id))
    events = [accept(store, order) for order in orders]
    assert settle_inbox(store.chain, store.settings) == 3
    assert {PaymentEvent.get_by_id(each).outcome for each in events} == {"applied", None}
    assert {Order.get_by_id(order.id).status for order in orders if order.id != bad.id} == {"paid"}
    (failing,) = FailingItem.select()
    assert failing.item_id == str(events[1])
    # Nothing of it is written, and what comes after it is settled at once.
    assert Order.get_by_id(bad.id).paid_at is None
    assert store.pay(store.newcomer("eve")).status == "paid"
    query("DROP TRIGGER refuse_movement ON stock_movements")
    query("UPDATE failing_items SET next_attempt_at = now()")
    assert settle_inbox(store.chain, store.settings) == 1
    assert FailingItem.select().count() == 0
    assert Settlement.select().count() == 2 * 5
    assert run_checks() == {}


def test_callbacks_of_a_buyer_are_settled_as_they_arrived(store: Store) -> None:
    first, second = begun(store, "ann", 2)
    (other,) = begun(store, "bob")
    events = [accept(store, order) for order in (second, other)]
    # Only two wait, but one is of her.
    store.send_callback(first)
    assert Order.get_by_id(first.id).status == "created"
    events.append(accept(store, second, "Refunded"))
    assert settle_inbox(store.chain, store.settings) == 4
    first, second = Order.get_by_id(first.id), Order.get_by_id(second.id)
    assert (second.status, second.referral_code) == ("refunded", store.code)
    assert (first.status, first.referral_reason) == ("paid", "not_first_purchase")
    assert run_checks() == {}


@pytest.mark.slow
def test_killed_processes_lose_no_accepted_callback_and_settle_none_twice(database_url: str) -> None:
    chance = random.Random(5)
    bind_database(database_url)
    try:
        with connection():
            code = make_code(make_user("referrer")).code
        for _ in range(repeats(1, many=30)):
            _kill_in_a_burst(database_url, code, chance)
        with connection():
            assert run_checks() == {}
    finally:
        close_database()


@pytest.mark.slow
def test_worker_killed_at_any_step_settles_each_callback_once(database_url: str) -> None:
    bind_database(database_url)
    try:
        with connection():
            orders = waiting_orders(make_code(make_user("referrer")).code, 130)
            for order in orders:
                accept_callback("wayforpay", approved_callback(order.order_reference))
        for label in ("callbacks_locked", "callbacks_written", "callbacks_committed", "callbacks_written"):
            with settling(database_url, label) as worker:
                assert worker.wait(60) == -signal.SIGKILL
        # Only the group that was committed before its worker died is settled.
        with connection():
            assert PaymentEvent.select().where(PaymentEvent.outcome == "applied").count() == 50
        with settling(database_url), connection():
            wait_until(lambda: not PaymentEvent.select().where(PaymentEvent.outcome.is_null()).exists(), 60)
            references = sorted(order.order_reference for order in orders)
            for table in (Settlement, ReferralReward):
                assert sorted(row.order_reference for row in table.select()) == references
            paid = EventLog.select().where(EventLog.event == "payment_paid")
            assert sorted(event.order_reference for event in paid) == references
            assert run_checks() == {}
    finally:
        close_database()


def _kill_in_a_burst(url: str, code: str, chance: random.Random) -> None:
    """Kill the web server and a worker while callbacks arrive, and let another worker settle what was accepted."""
    with connection():
        orders = waiting_orders(code, 80)
        before = PaymentEvent.select().count()
    requests = iter([approved(order) for order in orders])
    tallies: list[Tally] = []
    with (
        serving("wsgi:app", DATABASE_URL=url, LOG_LEVEL="warning", **PROVIDER) as web,
        settling(url) as worker,
    ):
        sender = threading.Thread(
            target=lambda: tallies.append(send(web.port, lambda: next(requests), answers=75, connections=12))
        )
        sender.start()
        for process in chance.sample([web, worker], 2):
            time.sleep(chance.uniform(0.1, 0.5))
            process.kill()
        sender.join()
    with settling(url), connection():
        wait_until(lambda: not PaymentEvent.select().where(PaymentEvent.outcome.is_null()).exists(), 60)
        stored = list(PaymentEvent.select().order_by(PaymentEvent.id).offset(before))
        paid = {order.order_reference for order in orders if Order.get_by_id(order.id).status == "paid"}
        assert len(stored) >= tallies[0].answered
        assert {event.order_reference for event in stored if event.outcome == "applied"} == paid
        for table in (Settlement, ReferralReward):
            rows = [row.order_reference for row in table.select().where(table.order_reference.in_(paid))]
            assert sorted(rows) == sorted(paid)
        events = EventLog.select().where(EventLog.order_reference.in_(paid), EventLog.event == "payment_paid")
        assert events.count() == len(paid)
