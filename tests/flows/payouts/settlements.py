"""Settlements that are due, and payout runs in simulated mode."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from models import EventLog, Payout, PayoutBatch, Settlement, Vendor
from portal.chain.sending import failpoints as labels
from portal.commissions.payouts import fail_payout, finish_batch
from portal.db.checks import run_checks
from portal.flows.payouts.pay_settlements import (
    run_payouts,
)
from tests.factories import ACTOR, make_settlement
from tests.flows.conftest import settings_with

SETTINGS = settings_with()
PAST = datetime.now(UTC) - timedelta(days=1)


def payout_checks() -> dict[str, Any]:
    return {name: rows for name, rows in run_checks().items() if "payout" in name or "settlement" in name}


def make_due(vendor: Vendor, amount: int = 100_000, **values: Any) -> Settlement:
    """Make a due settlement whose net payout is three quarters of the amount."""
    return make_settlement(vendor, amount, **{"scheduled_for": PAST, **values})


def refund(vendor: Vendor, net: int, **values: Any) -> Settlement:
    return make_settlement(vendor, -net, kind="refund", commission_minor=0, net_payout_minor=-net, **values)


def run() -> PayoutBatch | None:
    report = run_payouts(SETTINGS, ACTOR)
    return PayoutBatch.get_by_id(report.batch_ids[-1]) if report.batch_ids else None


def fresh(settlement: Settlement) -> Settlement:
    return Settlement.get_by_id(settlement.id)


def events_of(settlement: Settlement) -> list[str]:
    rows = EventLog.select().where(
        (EventLog.entity == "settlement") & (EventLog.entity_id == str(settlement.id))
    )
    return [row.event for row in rows.order_by(EventLog.id)]


def fail_all(batch: PayoutBatch, reason: str = "the bank said no") -> None:
    """Fail every payout of an open batch."""
    for payout in Payout.select().where(Payout.batch == batch.id):
        fail_payout(payout.id, reason, ACTOR)
    finish_batch(batch.id, ACTOR)


def open_batch() -> PayoutBatch:
    """Open a batch of the due settlements and stop before paying."""
    fail_at("batch_opened")
    with pytest.raises(Killed):
        run_payouts(SETTINGS, ACTOR)
    labels.listen(None)
    return PayoutBatch.select().order_by(PayoutBatch.id.desc()).get()


class Killed(BaseException):
    """Simulated death of the process; no handler catches it."""


def fail_at(label: str, occurrence: int = 1) -> None:
    seen = itertools.count(1)

    def fail(passed: str) -> None:
        if passed == label and next(seen) == occurrence:
            raise Killed

    labels.listen(fail)
