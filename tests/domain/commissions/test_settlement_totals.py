"""Totals of settlements are exact before and after folding, at every moment of their schedule."""

from __future__ import annotations

import random
import threading
from datetime import UTC, datetime, timedelta

import pytest

from models import Settlement, SettlementTotal, SettlementTotalDelta
from portal.commissions import (
    fold_settlement_totals,
    list_state_sums,
    page_of_owed_commissions,
    sum_due,
)
from portal.commissions.totals import list_due_balances
from portal.db import connection
from portal.db.checks import run_checks
from portal.lib.folders import SQL
from tests.factories import make_settlement, make_vendor
from tests.support.databases import execute

NOW = datetime.now(UTC)
HOUR = NOW.replace(minute=0, second=0, microsecond=0)
# Before, in and after the hour that is partly over, at its ends, and around the hours that a fold merges.
_MOMENTS = [
    *(
        NOW + timedelta(minutes=minutes)
        for minutes in (-100_000, -181, -121, -61, -20, -1, 1, 20, 61, 100_000)
    ),
    *(HOUR + timedelta(microseconds=each) for each in (-1, 0, 3_600_000_000 - 1, 3_600_000_000)),
]
_BACKFILL = "INSERT INTO" + (SQL / "086_flat_reads.sql").read_text().partition("INSERT INTO")[2]


def assert_exact(vendors: list[int]) -> None:
    """Compare every sum with the rows."""
    rows = [row for row in Settlement.select() if row.collected_by == "platform"]
    due = [
        row for row in rows
        if row.status == "pending" and (row.kind == "refund" or row.scheduled_for <= datetime.now(UTC))
    ]  # fmt: skip
    for ids in (None, vendors[:1], vendors):
        own = [row for row in rows if ids is None or row.vendor_id in ids]
        sums: dict[tuple[str, str], tuple[int, int]] = {}
        for row in own:
            key = (row.status, (row.failure_reason or "") if row.status == "held" else "")
            count, net = sums.get(key, (0, 0))
            sums[key] = (count + 1, net + row.net_payout_minor)
        assert {
            (each.status, each.reason): (each.count, each.net_minor) for each in list_state_sums(ids)
        } == sums
        own_due = [row.net_payout_minor for row in due if ids is None or row.vendor_id in ids]
        assert sum_due(ids).get("UAH", (0, 0)) == (len(own_due), sum(own_due))
        balances = list_due_balances(ids)
        assert sum(each.count for each in balances) == len(own_due)
        assert sum(each.net_minor for each in balances) == sum(own_due)
    assert "settlement_totals_match_the_settlements" not in run_checks()


def write_some(vendors: list[int], count: int) -> None:
    chance = random.Random(count)
    for number in range(count):
        values = {"scheduled_for": _MOMENTS[number % len(_MOMENTS)]}
        status = chance.choice(["pending", "pending", "pending", "held", "completed"])
        if status == "held":
            values["failure_reason"] = chance.choice(["odd", None, "late"])
        make_settlement(chance.choice(vendors), 100 + number, status, **values)


@pytest.mark.usefixtures("database")
def test_every_change_of_settlements_is_counted_and_folded() -> None:
    vendors = [make_vendor(name=f"V{number}") for number in range(3)]
    ids = [vendor.id for vendor in vendors]
    write_some(vendors, 56)
    make_settlement(vendors[0], -100, kind="refund", commission_minor=0, net_payout_minor=-100,
                    scheduled_for=_MOMENTS[-1])  # fmt: skip
    assert_exact(ids)
    fold_settlement_totals()
    assert SettlementTotalDelta.select().count() == 0
    assert_exact(ids)
    numbers = [row.id for row in Settlement.select()]
    Settlement.update(status="held", failure_reason="odd").where(Settlement.id << numbers[::3]).execute()
    Settlement.update(scheduled_for=_MOMENTS[3]).where(Settlement.id << numbers[::4]).execute()
    Settlement.delete().where(Settlement.id << numbers[::7]).execute()
    assert_exact(ids)
    fold_settlement_totals()
    assert_exact(ids)


@pytest.mark.usefixtures("database")
def test_hours_that_are_over_and_empty_sums_need_no_rows() -> None:
    vendor = make_vendor()
    for moment in _MOMENTS:
        make_settlement(vendor, scheduled_for=moment)
    fold_settlement_totals()
    fold_settlement_totals()
    assert SettlementTotal.select().where(SettlementTotal.due_hour <= NOW - timedelta(hours=2)).count() == 2
    Settlement.delete().execute()
    fold_settlement_totals()
    assert SettlementTotal.select().count() == 0


@pytest.mark.usefixtures("database")
def test_change_that_affects_no_total_writes_no_delta() -> None:
    make_settlement(make_vendor())
    fold_settlement_totals()
    Settlement.update(transaction_id="a note").execute()
    assert SettlementTotalDelta.select().count() == 0


def test_rows_from_before_the_totals_are_counted_once(database_url: str, database: str) -> None:
    vendor = make_vendor()
    write_some([vendor], 20)
    execute(database_url, "TRUNCATE settlement_total_deltas")
    make_settlement(vendor, 500)
    for _ in range(2):
        execute(database_url, _BACKFILL)
        assert_exact([vendor.id])


@pytest.mark.usefixtures("database")
def test_commission_of_stores_is_owed_by_status() -> None:
    vendor = make_vendor()
    for status, commission in (("pending", 10), ("held", 20), ("processing", 30), ("completed", 40)):
        make_settlement(
            vendor,
            100,
            status,
            collected_by="store",
            commission_minor=commission,
            net_payout_minor=100 - commission,
        )
        (owed,) = page_of_owed_commissions().rows
        fold_settlement_totals()
        assert page_of_owed_commissions(vendor_ids=[vendor.id]).rows == [owed]
    assert (owed.free_minor, owed.held_minor, owed.stated_minor) == (10, 20, 30)
    assert list_state_sums() == []


@pytest.mark.usefixtures("database")
def test_folding_during_writes_loses_nothing() -> None:
    vendor = make_vendor()

    def write() -> None:
        with connection():
            for _ in range(15):
                make_settlement(vendor, 100)

    def fold() -> None:
        with connection():
            for _ in range(25):
                fold_settlement_totals()

    threads = [threading.Thread(target=job) for job in (write, write, fold)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(each.count for each in list_state_sums()) == 30
    assert_exact([vendor.id])
