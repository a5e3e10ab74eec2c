"""Failed ledgers: retried by the job with backoff or by an admin at once, and written once."""

from __future__ import annotations

from datetime import timedelta

import pytest

from models import EventLog, Order, RailFailure, ReferralReward, Settlement
from portal.db import query
from portal.db.checks import run_checks
from portal.flows.checkout import paid_parts
from portal.flows.checkout.retry_ledgers import retry_failed_ledger, retry_ledgers
from portal.payments import RailFailureUnknown, list_due_rail_failures, next_try_at
from tests.flows.conftest import Store
from tests.support.threads import at_once

pytestmark = pytest.mark.system_postgres


def fail(*_: object) -> None:
    raise RuntimeError("this ledger is broken")


@pytest.fixture
def failure(store: Store, monkeypatch: pytest.MonkeyPatch) -> RailFailure:
    """Return the failure of a paid order whose commission ledger could not be written."""
    with monkeypatch.context() as patch:
        patch.setattr(paid_parts, "decide_settlements", fail)
        store.pay(store.newcomer("ann"), cookie=store.code)
    return RailFailure.get()


def retry(store: Store, failure: RailFailure) -> bool:
    return retry_failed_ledger(failure.id, store.user("admin").id, store.chain, store.settings)


def test_admin_retries_at_once(store: Store, failure: RailFailure) -> None:
    assert retry(store, failure) is True
    assert Settlement.select().count() == 2
    assert RailFailure.get().resolved_at is not None
    event = EventLog.get(EventLog.event == "rail_retried")
    assert (event.actor_user_id, event.order_reference) == (store.user("admin").id, failure.order_reference)
    assert retry(store, failure) is True
    assert Settlement.select().count() == 2
    assert run_checks() == {}


def test_complete_ledger_is_not_written_again(
    store: Store, failure: RailFailure, monkeypatch: pytest.MonkeyPatch
) -> None:
    retry(store, failure)
    with monkeypatch.context() as patch:
        patch.setattr(paid_parts, "decide_settlements", fail)
        assert retry(store, failure) is True
    assert (RailFailure.get().resolved_at is not None, RailFailure.get().attempts) == (True, 1)


def test_concurrent_retries_write_once(store: Store, failure: RailFailure) -> None:
    work = [lambda: retry(store, failure)] * 3 + [lambda: retry_ledgers(store.chain, store.settings)] * 2
    assert not at_once(work)
    assert Settlement.select().count() == 2
    assert RailFailure.get().attempts == 1
    assert run_checks() == {}


def test_each_failure_doubles_the_wait(
    store: Store, failure: RailFailure, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert next_try_at(failure) == failure.last_tried_at
    with monkeypatch.context() as patch:
        patch.setattr(paid_parts, "decide_settlements", fail)
        assert retry_ledgers(store.chain, store.settings) == 0
        tried = RailFailure.get()
        assert tried.attempts == 2
        assert next_try_at(tried) - tried.last_tried_at == timedelta(minutes=2)
        assert retry_ledgers(store.chain, store.settings) == 0
        assert RailFailure.get().attempts == 2
        # An admin does not have to wait.
        assert retry(store, failure) is False
        assert RailFailure.get().attempts == 3
    query("UPDATE rail_failures SET last_tried_at = now() - interval '239 seconds'")
    assert not list_due_rail_failures()
    query("UPDATE rail_failures SET last_tried_at = now() - interval '241 seconds'")
    assert retry_ledgers(store.chain, store.settings) == 1
    assert Settlement.select().count() == 2


@pytest.mark.parametrize("attempts", [1, 2, 5, 9, 40, 2_000_000])
def test_next_try_is_when_the_job_retries(store: Store, failure: RailFailure, attempts: int) -> None:
    for seconds, due in ((1, False), (-1, True)):
        RailFailure.update(attempts=attempts).execute()
        wait = next_try_at(RailFailure.get()) - RailFailure.get().last_tried_at
        assert wait <= timedelta(hours=6)
        if attempts == 1 and not due:
            continue
        query("UPDATE rail_failures SET last_tried_at = now() - %s", [wait - timedelta(seconds=seconds)])
        assert bool(list_due_rail_failures()) is due


def test_failing_retry_does_not_stop_others(store: Store, failure: RailFailure) -> None:
    long_ago = failure.created_at - timedelta(days=1)
    RailFailure.insert(
        order_reference="store_gone_1", rail="reward", reason="x", last_tried_at=long_ago
    ).execute()
    assert retry_ledgers(store.chain, store.settings) == 1
    assert Settlement.select().count() == 2
    gone = RailFailure.get(RailFailure.order_reference == "store_gone_1")
    assert (gone.attempts, gone.reason) == (2, "PaymentUnknown: payment_unknown")
    assert not list_due_rail_failures()


def test_refund_before_retry_reduces_the_ledger(store: Store, failure: RailFailure) -> None:
    store.send_callback(
        Order.get(Order.order_reference == failure.order_reference), "Refunded", amount="100.00"
    )
    assert retry(store, failure) is True
    order = Order.get(Order.order_reference == failure.order_reference)
    assert sum(row.amount_minor for row in Settlement.select()) == order.total_minor - 10_000
    assert ReferralReward.get().granted_wei is not None
    assert run_checks() == {}


def test_unknown_failure_raises(store: Store) -> None:
    with pytest.raises(RailFailureUnknown):
        retry_failed_ledger(10**9, store.user("admin").id, store.chain, store.settings)
