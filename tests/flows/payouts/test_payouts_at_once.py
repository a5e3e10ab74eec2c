"""Concurrent requests, the job and kill -9: every settlement is paid once (simulated mode)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from peewee import fn

from models import EventLog, Payout, PayoutBatch, PayoutItem, Settlement
from portal.db import Actor
from portal.db.checks import run_checks
from portal.flows.payouts.pay_settlements import request_payouts, run_payouts
from tests.factories import ACTOR, make_settlement, make_vendor
from tests.flows.conftest import settings_with
from tests.support.killed_payouts import run_payouts_and_die
from tests.support.threads import at_once

SETTINGS = settings_with()
PAST = datetime.now(UTC) - timedelta(days=1)


def make_due(vendors: int, each: int) -> int:
    """Make due settlements whose net payout is three quarters of the amount; return their number."""
    for _ in range(vendors):
        vendor = make_vendor()
        for _ in range(each):
            make_settlement(vendor, 100_000, scheduled_for=PAST)
    return vendors * each


def assert_paid_once(count: int) -> None:
    assert Settlement.select().where(Settlement.status == "completed").count() == count
    assert EventLog.select().where(EventLog.event == "settlement_paid").count() == count
    assert EventLog.select().where(EventLog.event == "settlement_processing").count() == count
    assert PayoutItem.select().count() == count
    assert Payout.select(fn.SUM(Payout.amount_minor)).scalar() == count * 75_000
    assert {batch.status for batch in PayoutBatch.select()} == {"completed"}
    assert {name for name in run_checks() if "payout" in name or "settlement" in name} == set()


@pytest.mark.parametrize("each", [6, 40])
def test_concurrent_requests_and_job_pay_once(database: str, each: int) -> None:
    count = make_due(4, each)
    raised = at_once(
        [
            lambda: request_payouts(SETTINGS, ACTOR, key="first"),
            lambda: request_payouts(SETTINGS, ACTOR, key="second"),
            lambda: run_payouts(SETTINGS, Actor.job("payouts")),
        ]
    )
    assert raised == []
    # More than one hundred settlements take several runs; each of the three calls is one run.
    run_payouts(SETTINGS, ACTOR)
    assert_paid_once(count)


@pytest.mark.slow
@pytest.mark.parametrize("label", ["batch_opened", "payout_starting", "payout_paid"])
def test_killed_process_is_finished_by_the_next_run(database: str, label: str) -> None:
    count = make_due(3, 2)
    assert run_payouts_and_die(label, database_url=database)
    assert PayoutBatch.get().status in ("created", "processing")
    if label != "payout_paid":
        assert {row.status for row in Settlement.select()} == {"processing"}
    run_payouts(SETTINGS, ACTOR)
    run_payouts(SETTINGS, ACTOR)
    assert_paid_once(count)
    assert PayoutBatch.select().count() == 1
