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
    die_at,
    due,
    events_of,
    fail_all,
    fresh,
    opened_only,
    payout_checks,
    refund,
    run,
)


@pytest.fixture(autouse=True)
def _whole(database: str) -> Iterator[None]:
    """Whatever a test does, every invariant holds after it."""
    yield
    labels.listen(None)
    assert payout_checks() == {}


# ---------------------------------------------------------------------- one run


def test_what_is_due_is_paid_and_marked_as_simulated() -> None:
    paid, early = due(make_vendor()), make_settlement(make_vendor())
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


def test_nothing_due_makes_no_batch() -> None:
    make_settlement(make_vendor())
    assert run() is None
    assert not PayoutBatch.select().exists()


def test_totals_are_per_currency_and_a_vendor_is_paid_once_a_currency() -> None:
    vendor = make_vendor()
    due(vendor), due(vendor), due(vendor, currency="USD"), due(make_vendor())
    batch = run()
    assert batch is not None
    assert {c: (t["payouts"], t["settlements"], t["amountMinor"]) for c, t in batch.totals.items()} == {
        "UAH": (2, 3, 225_000),
        "USD": (1, 1, 75_000),
    }
    assert Payout.select().count() == 3


def test_at_most_a_hundred_rows_a_run() -> None:
    vendors = [make_vendor() for _ in range(3)]
    for number in range(120):
        due(vendors[number % 3])
    for expected in (80, 40):
        batch = run()
        assert batch is not None
        assert Settlement.select().where(Settlement.payout_batch_id == batch.id).count() == expected
    assert run() is None


def test_below_the_minimum_waits_and_accumulates() -> None:
    vendor = make_vendor(config_minimum_payout_minor=150_000)
    first = due(vendor)
    assert run() is None
    assert fresh(first).status == "pending"
    due(vendor)
    assert run() is not None
    assert Payout.get().amount_minor == 150_000
    assert fresh(first).status == "completed"


def test_a_refund_is_netted_and_never_paid_negative() -> None:
    vendor = make_vendor()
    clawed = refund(vendor, 100_000)
    due(vendor)
    assert run() is None
    due(vendor)
    assert run() is not None
    assert Payout.get().amount_minor == 50_000
    assert fresh(clawed).status == "completed"
    assert PayoutItem.select().count() == 3


def test_held_failed_and_cancelled_rows_are_left_alone() -> None:
    vendor = make_vendor()
    for status in ("held", "failed", "cancelled", "processing", "completed"):
        due(vendor, status=status, transaction_id="x")
    assert review_payouts(SETTINGS).plan.payouts == ()
    Settlement.delete().execute()


# ---------------------------------------------------------------------- the reserve


def test_the_reserve_is_kept_back_shown_and_given_back_with_the_next_payout() -> None:
    vendor = make_vendor(config_reserve_percent=Decimal(10))
    due(vendor)
    run()
    assert (Payout.get().amount_minor, Payout.get().reserve_minor) == (67_500, 7_500)
    (kept,) = list_reserves()
    assert (kept.balance_minor, kept.waiting_minor) == (7_500, 0)
    assert release_reserve(vendor.id, "UAH", "50.00", "good record", ACTOR, key="k1")
    assert not release_reserve(vendor.id, "UAH", "50.00", "good record", ACTOR, key="k1")
    assert [(r.balance_minor, r.waiting_minor) for r in list_reserves()] == [(2_500, 5_000)]
    run()
    last = Payout.select().order_by(Payout.id.desc()).get()
    assert (last.amount_minor, last.released_minor, last.reserve_minor) == (5_000, 5_000, 0)
    assert [(r.balance_minor, r.waiting_minor) for r in list_reserves()] == [(2_500, 0)]
    assert run() is None


def test_no_more_is_given_back_than_is_kept() -> None:
    vendor = make_vendor(config_reserve_percent=Decimal(10))
    due(vendor)
    run()
    for amount, error in (("75.01", ReserveShort), ("0", InvalidAmount), ("x", InvalidAmount)):
        with pytest.raises(error):
            release_reserve(vendor.id, "UAH", amount, "why", ACTOR, key=None)
    with pytest.raises(HoldReasonMissing):
        release_reserve(vendor.id, "UAH", "1", " ", ACTOR, key=None)
    with pytest.raises(ReserveShort):
        release_reserve(vendor.id, "USD", "1", "why", ACTOR, key=None)


def test_a_failed_payout_keeps_no_reserve_and_lets_go_of_the_release() -> None:
    vendor = make_vendor(config_reserve_percent=Decimal(10))
    due(vendor)
    run()
    release_reserve(vendor.id, "UAH", "10", "why", ACTOR, key=None)
    due(vendor)
    fail_all(opened_only())
    assert [(r.balance_minor, r.waiting_minor) for r in list_reserves()] == [(6_500, 1_000)]
    retry_batch(PayoutBatch.select().order_by(PayoutBatch.id.desc()).get().id, ACTOR)
    run()
    last = Payout.select().order_by(Payout.id.desc()).get()
    assert (last.amount_minor, last.released_minor) == (68_500, 1_000)


def test_everything_may_go_to_the_reserve() -> None:
    due(make_vendor(config_reserve_percent=Decimal(100)))
    run()
    assert (Payout.get().status, Payout.get().amount_minor) == ("completed", 0)


# ---------------------------------------------------------------------- once


def test_the_same_key_returns_the_batch_it_made() -> None:
    due(make_vendor())
    made = request_payouts(SETTINGS, ACTOR, key="k")
    due(make_vendor())
    assert request_payouts(SETTINGS, ACTOR, key="k") == made
    assert PayoutBatch.select().count() == 1
    assert request_payouts(SETTINGS, ACTOR, key="other") != made


def test_a_review_that_is_out_of_date_pays_nothing() -> None:
    due(make_vendor())
    promised = review_payouts(SETTINGS).plan.digest
    late = due(make_vendor())
    with pytest.raises(PayoutPlanChanged):
        request_payouts(SETTINGS, ACTOR, key="k", promised=promised)
    assert fresh(late).status == "pending"
    hold_settlement(late.id, "look", ACTOR)
    assert request_payouts(SETTINGS, ACTOR, key="k", promised=promised)


def test_a_promise_of_something_when_nothing_is_left() -> None:
    due(make_vendor())
    promised = review_payouts(SETTINGS).plan.digest
    run()
    with pytest.raises(PayoutPlanChanged):
        request_payouts(SETTINGS, ACTOR, key="k", promised=promised)


@pytest.mark.parametrize("key", ["same", None])
def test_runs_side_by_side_pay_everything_once(key: str | None) -> None:
    vendors = [make_vendor() for _ in range(4)]
    for number in range(24):
        due(vendors[number % 4])
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
def test_a_run_that_died_is_finished_by_the_next_one(label: str, occurrence: int) -> None:
    vendors = [make_vendor(config_reserve_percent=Decimal(5)) for _ in range(3)]
    rows = [due(vendor) for vendor in vendors for _ in range(2)]
    die_at(label, occurrence)
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


def test_daily_payouts_fall_due_at_midnight_on_both_days_the_clocks_change() -> None:
    zone = SETTINGS.timezone
    spring = payout_time(datetime(2026, 3, 28, 12, tzinfo=UTC), 0, "DAILY", zone)
    autumn = payout_time(datetime(2026, 10, 25, 12, tzinfo=UTC), 0, "DAILY", zone)
    assert spring == datetime(2026, 3, 28, 22, tzinfo=UTC)
    assert autumn == datetime(2026, 10, 25, 22, tzinfo=UTC)
    assert payout_time(spring, 0, "DAILY", zone) == datetime(2026, 3, 29, 21, tzinfo=UTC)
