"""Paying vendors in simulated mode: once, completely, and again after a crash."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from models import EventLog, Payout, PayoutBatch, PayoutItem, Settlement
from portal.chain.sending import failpoints as labels
from portal.commissions.payout_decisions import (
    HoldReasonMissing,
    ReserveShort,
    hold_settlement,
    release_reserve,
    retry_batch,
)
from portal.commissions.payout_queries import list_reserves
from portal.commissions.schedule import payout_time
from portal.db import Actor, connection
from portal.flows.payouts.pay_settlements import (
    PayoutPlanChanged,
    request_payouts,
    review_payouts,
    run_payouts,
)
from portal.lib.money import InvalidAmount
from tests.factories import ACTOR, make_settlement, make_vendor
from tests.flows.payouts.settlements import (
    SETTINGS,
    Killed,
    events_of,
    fail_all,
    fail_at,
    fresh,
    make_due,
    open_batch,
    payout_checks,
    refund,
    run,
)


@pytest.fixture(autouse=True)
def _check_invariants(database: str) -> Iterator[None]:
    """Check every payout invariant after each test."""
    yield
    labels.listen(None)
    assert payout_checks() == {}


# ---------------------------------------------------------------------- one run


def test_due_settlement_is_paid_and_marked_as_simulated() -> None:
    paid, early = make_due(make_vendor()), make_settlement(make_vendor())
    before = paid.metadata["commissionBreakdown"]
    batch = run()
    assert batch is not None
    assert (batch.status, batch.mode) == ("completed", "simulated")
    row = fresh(paid)
    assert row.status == "completed"
    assert row.transaction_id.startswith("sim_")
    assert row.metadata == {"commissionBreakdown": before, "simulated": True}
    assert row.processed_at is not None
    assert row.payout_batch_id == batch.id
    assert fresh(early).status == "pending"
    assert events_of(paid) == ["settlement_processing", "settlement_paid"]


def test_balance_of_zero_is_completed_without_a_payment() -> None:
    vendor = make_vendor(config_minimum_payout_minor=100_000, config_platform_percent=100)
    empty = make_due(vendor, commission_minor=100_000, net_payout_minor=0)
    other = make_vendor()
    netted = [make_due(other), refund(other, 75_000)]
    run()
    for row in (empty, *netted):
        assert fresh(row).status == "completed"
    assert [row.amount_minor for row in Payout.select()] == [0, 0]


def test_run_without_due_settlements_opens_no_batch() -> None:
    make_settlement(make_vendor())
    assert run() is None
    assert not PayoutBatch.select().exists()


def test_vendor_gets_one_payout_per_currency() -> None:
    vendor = make_vendor()
    make_due(vendor), make_due(vendor), make_due(vendor, currency="USD"), make_due(make_vendor())
    batch = run()
    assert batch is not None
    assert {c: (t["payouts"], t["settlements"], t["amountMinor"]) for c, t in batch.totals.items()} == {
        "UAH": (2, 3, 225_000),
        "USD": (1, 1, 75_000),
    }
    assert Payout.select().count() == 3


def test_run_pays_at_most_one_hundred_settlements() -> None:
    vendors = [make_vendor() for _ in range(3)]
    for number in range(120):
        make_due(vendors[number % 3])
    for expected in (80, 40):
        batch = run()
        assert batch is not None
        assert Settlement.select().where(Settlement.payout_batch_id == batch.id).count() == expected
    assert run() is None


def test_balance_below_the_minimum_accumulates() -> None:
    vendor = make_vendor(config_minimum_payout_minor=150_000)
    first = make_due(vendor)
    assert run() is None
    assert fresh(first).status == "pending"
    make_due(vendor)
    assert run() is not None
    assert Payout.get().amount_minor == 150_000
    assert fresh(first).status == "completed"


def test_refund_is_netted_against_later_sales() -> None:
    vendor = make_vendor()
    refund_row = refund(vendor, 100_000)
    make_due(vendor)
    assert run() is None
    make_due(vendor)
    assert run() is not None
    assert Payout.get().amount_minor == 50_000
    assert fresh(refund_row).status == "completed"
    assert PayoutItem.select().count() == 3


def test_settlements_in_other_statuses_are_not_paid() -> None:
    vendor = make_vendor()
    for status in ("held", "failed", "cancelled", "processing", "completed"):
        make_due(vendor, status=status, transaction_id="x")
    assert review_payouts(SETTINGS).plan.payouts == ()
    Settlement.delete().execute()


# ---------------------------------------------------------------------- the reserve


def test_reserve_is_withheld_and_released_with_the_next_payout() -> None:
    vendor = make_vendor(config_reserve_percent=Decimal(10))
    make_due(vendor)
    run()
    assert (Payout.get().amount_minor, Payout.get().reserve_minor) == (67_500, 7_500)
    (reserve,) = list_reserves()
    assert (reserve.balance_minor, reserve.waiting_minor) == (7_500, 0)
    assert release_reserve(vendor.id, "UAH", "50.00", "good record", ACTOR, key="k1")
    assert not release_reserve(vendor.id, "UAH", "50.00", "good record", ACTOR, key="k1")
    assert [(r.balance_minor, r.waiting_minor) for r in list_reserves()] == [(2_500, 5_000)]
    run()
    last = Payout.select().order_by(Payout.id.desc()).get()
    assert (last.amount_minor, last.released_minor, last.reserve_minor) == (5_000, 5_000, 0)
    assert [(r.balance_minor, r.waiting_minor) for r in list_reserves()] == [(2_500, 0)]
    assert run() is None


def test_release_above_the_reserve_is_refused() -> None:
    vendor = make_vendor(config_reserve_percent=Decimal(10))
    make_due(vendor)
    run()
    for amount, error in (("75.01", ReserveShort), ("0", InvalidAmount), ("x", InvalidAmount)):
        with pytest.raises(error):
            release_reserve(vendor.id, "UAH", amount, "why", ACTOR, key=None)
    with pytest.raises(HoldReasonMissing):
        release_reserve(vendor.id, "UAH", "1", " ", ACTOR, key=None)
    with pytest.raises(ReserveShort):
        release_reserve(vendor.id, "USD", "1", "why", ACTOR, key=None)


def test_failed_payout_withholds_no_reserve_and_restores_the_release() -> None:
    vendor = make_vendor(config_reserve_percent=Decimal(10))
    make_due(vendor)
    run()
    release_reserve(vendor.id, "UAH", "10", "why", ACTOR, key=None)
    make_due(vendor)
    fail_all(open_batch())
    assert [(r.balance_minor, r.waiting_minor) for r in list_reserves()] == [(6_500, 1_000)]
    retry_batch(PayoutBatch.select().order_by(PayoutBatch.id.desc()).get().id, ACTOR)
    run()
    last = Payout.select().order_by(Payout.id.desc()).get()
    assert (last.amount_minor, last.released_minor) == (68_500, 1_000)


def test_reserve_may_take_the_whole_payout() -> None:
    make_due(make_vendor(config_reserve_percent=Decimal(100)))
    run()
    assert (Payout.get().status, Payout.get().amount_minor) == ("completed", 0)


# ---------------------------------------------------------------------- exactly once


def test_repeated_key_returns_the_same_batch() -> None:
    make_due(make_vendor())
    batch_ids = request_payouts(SETTINGS, ACTOR, key="k")
    make_due(make_vendor())
    assert request_payouts(SETTINGS, ACTOR, key="k") == batch_ids
    assert PayoutBatch.select().count() == 1
    assert request_payouts(SETTINGS, ACTOR, key="other") != batch_ids


def test_outdated_review_is_refused() -> None:
    make_due(make_vendor())
    promised = review_payouts(SETTINGS).plan.digest
    late_settlement = make_due(make_vendor())
    with pytest.raises(PayoutPlanChanged):
        request_payouts(SETTINGS, ACTOR, key="k", promised=promised)
    assert fresh(late_settlement).status == "pending"
    hold_settlement(late_settlement.id, "look", ACTOR)
    assert request_payouts(SETTINGS, ACTOR, key="k", promised=promised)


def test_review_of_settlements_already_paid_is_refused() -> None:
    make_due(make_vendor())
    promised = review_payouts(SETTINGS).plan.digest
    run()
    with pytest.raises(PayoutPlanChanged):
        request_payouts(SETTINGS, ACTOR, key="k", promised=promised)


@pytest.mark.parametrize("key", ["same", None])
def test_concurrent_runs_pay_everything_once(key: str | None) -> None:
    vendors = [make_vendor() for _ in range(4)]
    for number in range(24):
        make_due(vendors[number % 4])
    barrier = threading.Barrier(4)
    problems: list[BaseException] = []

    def work() -> None:
        try:
            with connection():
                barrier.wait()
                if key:
                    request_payouts(SETTINGS, Actor("thread"), key=key)
                else:
                    run_payouts(SETTINGS, Actor("thread"))
        except BaseException as error:
            problems.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not problems
    assert PayoutBatch.select().count() == 1
    assert Payout.select().count() == 4
    assert {p.amount_minor for p in Payout.select()} == {450_000}
    assert PayoutItem.select().count() == 24
    paid = EventLog.select().where(EventLog.event == "settlement_paid").count()
    assert paid == 24


@pytest.mark.parametrize(
    ("label", "occurrence"),
    [("batch_opened", 1), ("payout_starting", 1), ("payout_starting", 2), ("payout_paid", 1), ("payout_paid", 3),
     ("batch_finished", 1)],
)  # fmt: skip
def test_interrupted_run_is_finished_by_the_next_run(label: str, occurrence: int) -> None:
    vendors = [make_vendor(config_reserve_percent=Decimal(5)) for _ in range(3)]
    rows = [make_due(vendor) for vendor in vendors for _ in range(2)]
    fail_at(label, occurrence)
    with pytest.raises(Killed):
        run_payouts(SETTINGS, ACTOR)
    labels.listen(None)
    assert payout_checks() == {}
    run()
    assert [batch.status for batch in PayoutBatch.select()] == ["completed"]
    assert {fresh(row).status for row in rows} == {"completed"}
    assert Payout.select().count() == 3
    assert all(events_of(row) == ["settlement_processing", "settlement_paid"] for row in rows)


# ---------------------------------------------------------------------- the schedule


def test_daily_payouts_are_due_at_midnight_when_the_clocks_change() -> None:
    zone = SETTINGS.timezone
    spring = payout_time(datetime(2026, 3, 28, 12, tzinfo=UTC), 0, "DAILY", zone)
    autumn = payout_time(datetime(2026, 10, 25, 12, tzinfo=UTC), 0, "DAILY", zone)
    assert spring == datetime(2026, 3, 28, 22, tzinfo=UTC)
    assert autumn == datetime(2026, 10, 25, 22, tzinfo=UTC)
    assert payout_time(spring, 0, "DAILY", zone) == datetime(2026, 3, 29, 21, tzinfo=UTC)
