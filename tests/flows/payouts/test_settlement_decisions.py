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
    due,
    events_of,
    fail_all,
    fresh,
    opened_only,
    payout_checks,
    run,
)


@pytest.fixture(autouse=True)
def _whole(database: str) -> Iterator[None]:
    """Whatever a test does, every invariant holds after it."""
    yield
    labels.listen(None)
    assert payout_checks() == {}


# ---------------------------------------------------------------------- failing and retrying


def test_a_failed_row_keeps_the_reason_and_is_retried() -> None:
    row = due(make_vendor())
    batch = opened_only()
    fail_all(batch)
    assert PayoutBatch.get_by_id(batch.id).status == "failed"
    assert (fresh(row).status, fresh(row).failure_reason) == ("failed", "the bank said no")
    assert run() is None
    retry_settlement(row.id, ACTOR)
    again = run()
    assert again is not None
    assert (fresh(row).status, fresh(row).failure_reason) == ("completed", None)
    assert fresh(row).payout_batch_id == again.id != batch.id
    assert PayoutItem.select().where(PayoutItem.settlement == row.id).count() == 2
    assert events_of(row)[1:3] == ["settlement_failed", "settlement_retried"]


def test_a_batch_that_failed_in_part_is_partial() -> None:
    bad, good = due(make_vendor()), due(make_vendor())
    batch = opened_only()
    fail_payout(Payout.get(Payout.vendor == bad.vendor_id).id, "no", ACTOR)
    run()
    assert PayoutBatch.get_by_id(batch.id).status == "partial"
    assert (fresh(bad).status, fresh(good).status) == ("failed", "completed")
    assert retry_batch(batch.id, ACTOR) == 1
    assert retry_batch(batch.id, ACTOR) == 0
    assert run() is not None
    assert fresh(bad).status == "completed"
    assert PayoutBatch.get_by_id(batch.id).status == "partial"


def test_a_paid_payout_cannot_fail_and_a_failed_one_cannot_be_paid() -> None:
    due(make_vendor())
    run()
    paid = Payout.get()
    assert not fail_payout(paid.id, "late", ACTOR)
    assert not complete_payout(paid.id, "sim_again", ACTOR, simulated=True)
    assert (Payout.get().status, Payout.get().transaction_id) == ("completed", paid.transaction_id)
    due(make_vendor())
    fail_all(opened_only())
    lost = Payout.select().order_by(Payout.id.desc()).get()
    assert not complete_payout(lost.id, "sim_late", ACTOR, simulated=True)
    assert Payout.get_by_id(lost.id).status == "failed"


# ---------------------------------------------------------------------- hold and release


def test_hold_and_release_keep_the_breakdown_and_say_why() -> None:
    row = due(make_vendor())
    hold_settlement(row.id, " looks odd ", ACTOR)
    assert (fresh(row).status, fresh(row).failure_reason) == ("held", "looks odd")
    assert run() is None
    release_settlement(row.id, "checked", ACTOR)
    assert (fresh(row).status, fresh(row).failure_reason) == ("pending", None)
    assert fresh(row).metadata == row.metadata
    told = EventLog.select().where(EventLog.entity_id == str(row.id)).order_by(EventLog.id)
    assert [(e.event, e.reason, e.from_status, e.to_status) for e in told] == [
        ("settlement_held", "looks odd", "pending", "held"),
        ("settlement_released", "checked", "held", "pending"),
    ]
    run()
    assert fresh(row).status == "completed"


@pytest.mark.parametrize("status", ["processing", "completed", "cancelled", "held"])
def test_what_cannot_be_held(status: str) -> None:
    row = make_settlement(make_vendor(), status=status, transaction_id="x" if status == "completed" else None)
    with pytest.raises(SettlementStatusConflict):
        hold_settlement(row.id, "why", ACTOR)
    assert fresh(row).status == status
    Settlement.delete().execute()


def test_a_sale_that_the_commissions_exceed_is_never_released() -> None:
    row = make_settlement(
        make_vendor(), 100, "held", commission_minor=150, net_payout_minor=-50,
        failure_reason="commission_exceeds_subtotal",
    )  # fmt: skip
    with pytest.raises(SettlementUnpayable):
        release_settlement(row.id, "please", ACTOR)
    assert fresh(row).status == "held"


@pytest.mark.parametrize("reason", ["", "   ", "x" * 501])
def test_a_decision_says_why(reason: str) -> None:
    row = due(make_vendor())
    with pytest.raises(HoldReasonMissing):
        hold_settlement(row.id, reason, ACTOR)
