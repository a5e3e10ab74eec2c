"""A plan made from totals and the rows of the next run is the one made from every due row."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from models import MerchantConfig, Settlement, Vendor
from portal.commissions import fold_settlement_totals, payout_plans, read_plan
from portal.commissions.payout_rules import (
    BELOW_MINIMUM,
    NEXT_RUN,
    NOT_COVERED,
    Balance,
    DueRow,
    PayoutPlan,
    plan_payouts,
)
from portal.db import connection, transaction
from tests.factories import make_settlement, make_vendor

NOW = datetime.now(UTC)


def make_rows(vendor: Vendor, *amounts: int, minutes: int = 60) -> list[int]:
    """Write due sales, and refunds for negative amounts, the later ones due later; return their ids."""
    ids = []
    for place, amount in enumerate(amounts):
        values = {
            "commission_minor": 0,
            "net_payout_minor": amount,
            "kind": "refund" if amount < 0 else "sale",
        }
        at = NOW - timedelta(minutes=minutes) + timedelta(seconds=place)
        ids.append(int(make_settlement(vendor, amount, scheduled_for=at, **values).id))
    return ids


def plan_of_all_rows() -> PayoutPlan:
    """Plan from every due row, the balance with the oldest row first."""
    due = Settlement.select().where(Settlement.status == "pending")
    rows: dict[tuple[int, str], list[DueRow]] = {}
    for row in due.order_by(Settlement.scheduled_for, Settlement.id):
        if row.kind == "refund" or row.scheduled_for <= datetime.now(UTC):
            rows.setdefault((row.vendor_id, row.currency), []).append(
                DueRow(row.id, row.vendor_id, row.currency, row.net_payout_minor)
            )
    balances = [Balance(*key, len(own), sum(row.net_minor for row in own)) for key, own in rows.items()]
    return plan_payouts(balances, rows, payout_plans.payout_terms({key[0] for key in rows}))


def assert_same(plan: PayoutPlan) -> None:
    expected = plan_of_all_rows()
    assert plan.digest == expected.digest
    assert set(plan.excluded) == set(expected.excluded)


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize("seed", range(4))
def test_plan_is_that_of_all_rows(seed: int) -> None:
    chance = random.Random(seed)
    for number in range(6):
        vendor = make_vendor(name=f"V{number}")
        if chance.random() < 0.4:
            MerchantConfig.update(minimum_payout_minor=50_000, reserve_percent=10).where(
                MerchantConfig.vendor == vendor.id
            ).execute()
        amounts = [chance.randint(-300, 1_000) for _ in range(chance.choice([1, 10, 40, 105]))]
        make_rows(vendor, *amounts, minutes=chance.randint(10, 5_000))
        make_settlement(vendor, 7_000)
    for _ in range(2):
        plan = read_plan()
        assert_same(plan)
        with transaction():
            assert read_plan(lock=True) == plan
        fold_settlement_totals()


@pytest.mark.usefixtures("database")
def test_older_balances_that_wait_do_not_stop_a_long_one() -> None:
    small, long, uncovered, late = (make_vendor(name=name) for name in ("small", "long", "uncovered", "late"))
    MerchantConfig.update(minimum_payout_minor=1_000).where(MerchantConfig.vendor == small.id).execute()
    make_rows(small, 10, minutes=900)
    # All of its sales together cover the refunds, the hundred of a run do not.
    make_rows(uncovered, *[1] * 140, *[-2] * 60, -1, minutes=800)
    make_rows(long, *range(1, 121), -50, minutes=700)
    make_rows(late, 10, minutes=600)
    plan = read_plan()
    assert_same(plan)
    assert [(each.vendor_id, len(each.rows)) for each in plan.payouts] == [(long.id, 100)]
    reasons = {each.vendor_id: each.reason for each in plan.excluded}
    assert reasons == {small.id: BELOW_MINIMUM, uncovered.id: NOT_COVERED, late.id: NEXT_RUN}


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize(
    ("change", "paid"),
    [
        (
            lambda vendor, ids: Settlement.update(status="held").where(Settlement.id == ids[0]).execute(),
            [200],
        ),
        (lambda vendor, ids: make_rows(vendor, -250), []),
        (lambda vendor, ids: make_rows(vendor, 500), [200, 100]),
    ],
    ids=["held", "refunded", "sold"],
)
def test_changes_before_the_rows_are_locked_count(
    monkeypatch: pytest.MonkeyPatch, change: Callable[[Vendor, list[int]], object], paid: list[int]
) -> None:
    vendor = make_vendor()
    ids = make_rows(vendor, 100, 200)
    lock_rows = payout_plans._lock_rows

    def lock_late(rows: payout_plans.Rows) -> payout_plans.Rows:
        change(vendor, ids)
        return lock_rows(rows)

    monkeypatch.setattr(payout_plans, "_lock_rows", lock_late)
    with connection(), transaction():
        plan = read_plan(lock=True)
    assert [row.net_minor for each in plan.payouts for row in each.rows] == paid
