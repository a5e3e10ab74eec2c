"""Failed payouts and their retries, holding and releasing settlements."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from models import EventLog, Payout, PayoutBatch, PayoutItem, Settlement
from portal.chain.sending import failpoints as labels
from portal.commissions.payout_decisions import (
    HoldReasonMissing,
    SettlementStatusConflict,
    SettlementUnpayable,
    hold_settlement,
    release_settlement,
    retry_batch,
    retry_settlement,
)
from portal.commissions.payouts import complete_payout, fail_payout
from tests.factories import ACTOR, make_settlement, make_vendor
from tests.flows.payouts.settlements import (
    events_of,
    fail_all,
    fresh,
    make_due,
    open_batch,
    payout_checks,
    run,
)


@pytest.fixture(autouse=True)
def _check_invariants(database: str) -> Iterator[None]:
    """Check every payout invariant after each test."""
    yield
    labels.listen(None)
    assert payout_checks() == {}


# ---------------------------------------------------------------------- failing and retrying


def test_failed_settlement_keeps_the_reason_and_can_be_retried() -> None:
    row = make_due(make_vendor())
    batch = open_batch()
    fail_all(batch)
    assert PayoutBatch.get_by_id(batch.id).status == "failed"
    assert (fresh(row).status, fresh(row).failure_reason) == ("failed", "the bank said no")
    assert run() is None
    retry_settlement(row.id, ACTOR)
    new_batch = run()
    assert new_batch is not None
    assert (fresh(row).status, fresh(row).failure_reason) == ("completed", None)
    assert fresh(row).payout_batch_id == new_batch.id != batch.id
    assert PayoutItem.select().where(PayoutItem.settlement == row.id).count() == 2
    assert events_of(row)[1:3] == ["settlement_failed", "settlement_retried"]


def test_partly_failed_batch_is_partial() -> None:
    failed_settlement, paid_settlement = make_due(make_vendor()), make_due(make_vendor())
    batch = open_batch()
    fail_payout(Payout.get(Payout.vendor == failed_settlement.vendor_id).id, "no", ACTOR)
    run()
    assert PayoutBatch.get_by_id(batch.id).status == "partial"
    assert (fresh(failed_settlement).status, fresh(paid_settlement).status) == ("failed", "completed")
    assert retry_batch(batch.id, ACTOR) == 1
    assert retry_batch(batch.id, ACTOR) == 0
    assert run() is not None
    assert fresh(failed_settlement).status == "completed"
    assert PayoutBatch.get_by_id(batch.id).status == "partial"


def test_final_payout_status_does_not_change() -> None:
    make_due(make_vendor())
    run()
    paid = Payout.get()
    assert not fail_payout(paid.id, "late", ACTOR)
    assert not complete_payout(paid.id, "sim_again", ACTOR, simulated=True)
    assert (Payout.get().status, Payout.get().transaction_id) == ("completed", paid.transaction_id)
    make_due(make_vendor())
    fail_all(open_batch())
    failed_payout = Payout.select().order_by(Payout.id.desc()).get()
    assert not complete_payout(failed_payout.id, "sim_late", ACTOR, simulated=True)
    assert Payout.get_by_id(failed_payout.id).status == "failed"


# ---------------------------------------------------------------------- hold and release


def test_hold_and_release_keep_the_breakdown_and_log_the_reason() -> None:
    row = make_due(make_vendor())
    hold_settlement(row.id, " looks odd ", ACTOR)
    assert (fresh(row).status, fresh(row).failure_reason) == ("held", "looks odd")
    assert run() is None
    release_settlement(row.id, "checked", ACTOR)
    assert (fresh(row).status, fresh(row).failure_reason) == ("pending", None)
    assert fresh(row).metadata == row.metadata
    events = EventLog.select().where(EventLog.entity_id == str(row.id)).order_by(EventLog.id)
    assert [(e.event, e.reason, e.from_status, e.to_status) for e in events] == [
        ("settlement_held", "looks odd", "pending", "held"),
        ("settlement_released", "checked", "held", "pending"),
    ]
    run()
    assert fresh(row).status == "completed"


@pytest.mark.parametrize("status", ["processing", "completed", "cancelled", "held"])
def test_hold_in_other_statuses_is_refused(status: str) -> None:
    row = make_settlement(make_vendor(), status=status, transaction_id="x" if status == "completed" else None)
    with pytest.raises(SettlementStatusConflict):
        hold_settlement(row.id, "why", ACTOR)
    assert fresh(row).status == status
    Settlement.delete().execute()


def test_sale_exceeded_by_commissions_cannot_be_released() -> None:
    row = make_settlement(
        make_vendor(), 100, "held", commission_minor=150, net_payout_minor=-50,
        failure_reason="commission_exceeds_subtotal",
    )  # fmt: skip
    with pytest.raises(SettlementUnpayable):
        release_settlement(row.id, "please", ACTOR)
    assert fresh(row).status == "held"


@pytest.mark.parametrize("reason", ["", "   ", "x" * 501])
def test_decision_requires_a_reason(reason: str) -> None:
    row = make_due(make_vendor())
    with pytest.raises(HoldReasonMissing):
        hold_settlement(row.id, reason, ACTOR)
