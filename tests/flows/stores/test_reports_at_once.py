"""Reports of a store that arrive at the same time, and a portal that dies between storing one and applying it."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from functools import partial
from typing import Any

import psycopg2
import pytest

from models import Order, PaymentRefund, ReferralReward, Settlement, StoreEvent
from portal.db import connection
from portal.db.checks import run_checks
from portal.flows.stores.receive_refund import receive_refund
from portal.flows.stores.receive_snapshot import settle_store_events
from portal.lib.clock import utc_now
from portal.stores.snapshots import SnapshotRefund
from tests.flows.stores.conftest import Shop

# Reports one order and is killed while its lock is held by another process.
_PORTAL = """
import sys
from portal.chain import open_chain
from portal.db import bind_database, connection
from portal.flows.stores.receive_snapshot import receive_snapshot
from portal.stores import OrderSnapshot, get_store
from tests.flows.conftest import settings_with
bind_database(sys.argv[1])
with connection():
    snapshot = OrderSnapshot.model_validate_json(sys.argv[3])
    settings = settings_with()
    chain, store = open_chain(settings), get_store(int(sys.argv[2]))
    receive_snapshot(store, snapshot, kind="api.order", chain=chain, settings=settings)
"""


def at_once(*works: Callable[[], Any]) -> None:
    """Run each in a thread with a connection of its own, all at the same moment; raise what any of them raised."""
    barrier, failures = threading.Barrier(len(works)), []

    def run(work: Callable[[], Any]) -> None:
        with connection():
            barrier.wait()
            try:
                work()
            except Exception as error:
                failures.append(error)

    threads = [threading.Thread(target=run, args=[work]) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


def test_only_one_of_two_orders_of_a_buyer_is_the_first(shop: Shop) -> None:
    by_address = {"email": "buyer@example.test", "externalId": "c-1"}
    by_id = {"externalId": "c-1"}
    for number in range(6):
        customers = [{**each, "externalId": f"c-{number}"} for each in (by_address, by_id)]
        customers[0]["email"] = f"buyer{number}@example.test"
        reports = [
            shop.snapshot(externalId=f"{number}-{index}", customer=customer, paidAt=shop.later(index))
            for index, customer in enumerate(customers * 2)
        ]
        at_once(*(partial(shop.report, each) for each in reports))
        orders = [shop.order(f"{number}-{index}") for index in range(4)]
        assert [order.referral_code is not None for order in orders] == [True, False, False, False]
    assert run_checks() == {}


def test_refund_that_arrives_both_ways_is_booked_once(shop: Shop) -> None:
    for number in range(5):
        external_id = str(number)
        customer = {"email": f"buyer{number}@example.test"}
        shop.report(externalId=external_id, customer=customer)
        refund = {"id": "r", "amount": "100.00"}
        newer = shop.snapshot(version=2, externalId=external_id, customer=customer, refunds=[refund])
        alone = partial(
            receive_refund, shop.store, external_id, SnapshotRefund(**refund), settings=shop.settings
        )
        at_once(partial(shop.report, newer), alone, partial(shop.report, newer), alone)
        reference = shop.order(external_id).order_reference
        booked = PaymentRefund.select().where(PaymentRefund.order_reference == reference)
        assert [row.amount_minor for row in booked] == [10_000]
    assert run_checks() == {}


def test_order_that_is_paid_and_cancelled_at_once_is_paid(shop: Shop) -> None:
    for number in range(5):
        place = {"externalId": str(number), "customer": {"email": f"buyer{number}@example.test"}}
        shop.report(shop.open(**place))
        paid, cancelled = shop.snapshot(**place), shop.open(status="cancelled", version=1, **place)
        at_once(*(partial(shop.report, each) for each in (paid, cancelled, paid, cancelled)))
        assert shop.order(str(number)).status == "paid"
    assert (Settlement.select().count(), ReferralReward.select().count()) == (5, 5)
    assert run_checks() == {}


def test_first_reports_that_name_other_buyers_are_one_order(shop: Shop) -> None:
    reports = [
        shop.snapshot(version=version, customer={"email": f"buyer{version}@example.test"})
        for version in range(4)
    ]
    at_once(*(partial(shop.report, each) for each in reports))
    assert (Order.select().count(), Settlement.select().count(), ReferralReward.select().count()) == (1, 1, 1)
    assert run_checks() == {}


@pytest.mark.slow
def test_report_of_a_portal_that_was_killed_is_applied_by_the_job(shop: Shop, database: str) -> None:
    report = json.dumps(shop.snapshot().model_dump(mode="json", by_alias=True))
    with closing(psycopg2.connect(database)) as other:
        other.cursor().execute("LOCK TABLE customers IN EXCLUSIVE MODE")
        portal = subprocess.Popen([sys.executable, "-c", _PORTAL, database, str(shop.store.id), report])
        while not StoreEvent.select().exists():
            assert portal.poll() is None
            time.sleep(0.05)
        portal.kill()
        portal.wait()
    assert (StoreEvent.get().outcome, Order.select().count()) == (None, 0)
    StoreEvent.update(received_at=utc_now() - timedelta(minutes=2)).execute()
    assert settle_store_events(shop.chain, shop.settings) == 1
    assert (shop.order().status, StoreEvent.get().outcome) == ("paid", "created")
    assert shop.report().result == "unchanged"
    assert (Settlement.select().count(), ReferralReward.select().count()) == (1, 1)
    assert run_checks() == {}
