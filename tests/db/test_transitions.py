"""Every status machine against a real database: unlisted transitions change nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

import pytest
from peewee import fn

from models import (
    EventLog,
    MailOutbox,
    Order,
    PaymentRefund,
    PaymentTransaction,
    Payout,
    PayoutBatch,
    ReferralReward,
    Settlement,
    StatusTable,
)
from portal.commissions.status_rules import (
    BATCH_TRANSITIONS,
    PAYOUT_TRANSITIONS,
    SETTLEMENT_TRANSITIONS,
    PayoutBatchStatus,
    PayoutStatus,
    SettlementStatus,
)
from portal.db import move_status
from portal.lib.transitions import Transition
from portal.mail.status_rules import TRANSITIONS as LETTER_TRANSITIONS
from portal.mail.status_rules import LetterStatus
from portal.orders.status_rules import TRANSITIONS as ORDER_TRANSITIONS
from portal.orders.status_rules import OrderStatus
from portal.payments.status_rules import (
    REFUND_TRANSITIONS,
    PaymentStatus,
    RefundStatus,
)
from portal.payments.status_rules import TRANSITIONS as PAYMENT_TRANSITIONS
from portal.rewards import minting
from portal.rewards.operations import approve_reward, reject_reward, retry_reward
from portal.rewards.status_rules import TRANSITIONS as REWARD_TRANSITIONS
from portal.rewards.status_rules import RewardStatus
from tests.factories import (
    ACTOR,
    make_order,
    make_payment,
    make_reward,
    make_settlement,
    make_user,
    make_vendor,
)

NOW = datetime(2026, 12, 1, tzinfo=UTC)
HASH = "0x" + "ab" * 32


def make_batch() -> int:
    return int(PayoutBatch.insert(mode="simulated", totals={}).execute())


def make_payout() -> int:
    return int(
        Payout.insert(
            batch=make_batch(),
            vendor=make_vendor().id,
            currency="UAH",
            net_minor=100,
            reserve_percent=0,
            reserve_minor=0,
            released_minor=0,
            amount_minor=100,
        ).execute()
    )


def make_refund() -> int:
    payment = make_payment(make_order(make_user()), "paid")
    return int(
        PaymentRefund.insert(
            order_reference=payment.order_reference,
            amount_minor=1,
            currency="UAH",
            status="requested",
            source="admin",
            request_id="r1",
        ).execute()
    )


def make_letter() -> int:
    return int(
        MailOutbox.insert(
            kind="confirm_email", to_address="a@example.org", locale="en", params={}, expires_at=NOW
        ).execute()
    )


def last_event() -> int:
    return int(EventLog.select(fn.MAX(EventLog.id)).scalar() or 0)


Machine = tuple[
    type[StatusTable], type[StrEnum], Mapping[str, Transition], Callable[[], object], dict[str, Any]
]

# Table, statuses, transitions, a row, and columns that let the row have any status.
MACHINES: dict[str, Machine] = {
    "reward": (
        ReferralReward,
        RewardStatus,
        REWARD_TRANSITIONS,
        lambda: make_reward(make_user()).id,
        {"tx_hash": HASH, "failure_reason": "reverted"},
    ),
    "payment": (
        PaymentTransaction,
        PaymentStatus,
        PAYMENT_TRANSITIONS,
        lambda: make_payment(make_order(make_user())).id,
        {"paid_at": NOW},
    ),
    "refund": (PaymentRefund, RefundStatus, REFUND_TRANSITIONS, make_refund, {}),
    "order": (
        Order, OrderStatus, ORDER_TRANSITIONS, lambda: make_order(make_user()).id, {"paid_at": NOW},
    ),
    "settlement": (
        Settlement,
        SettlementStatus,
        SETTLEMENT_TRANSITIONS,
        lambda: make_settlement(make_vendor()).id,
        {},
    ),
    "payout": (Payout, PayoutStatus, PAYOUT_TRANSITIONS, make_payout, {"transaction_id": HASH}),
    "payout_batch": (PayoutBatch, PayoutBatchStatus, BATCH_TRANSITIONS, make_batch, {}),
    "letter": (MailOutbox, LetterStatus, LETTER_TRANSITIONS, make_letter, {}),
}  # fmt: skip


def columns_of(entity: str, status: str) -> dict[str, Any]:
    """Return the columns that the table's constraints require of a status."""
    if entity == "refund":
        return {"applied_at": NOW if status == "applied" else None}
    if entity == "letter":
        return {"sent_at": NOW if status == "sent" else None}
    is_over = status in ("completed", "failed", "partial")
    if entity == "payout":
        reason = "reverted" if status == "failed" else None
        return {"processed_at": NOW if is_over else None, "failure_reason": reason}
    if entity == "payout_batch":
        return {"completed_at": NOW if is_over else None}
    return {}


@pytest.mark.parametrize("entity", MACHINES)
def test_move_status_applies_only_listed_transitions(database: str, entity: str) -> None:
    model, statuses, transitions, make_row, columns = MACHINES[entity]
    row_id = make_row()
    moves: set[tuple[str, str]] = set()
    for transition in transitions.values():
        for before in statuses:
            model.update(status=before, **columns, **columns_of(entity, before)).where(
                model.id == row_id
            ).execute()
            last_id = last_event()
            moved = move_status(
                model,
                row_id,
                transition,
                entity=entity,
                actor=ACTOR,
                **columns_of(entity, transition.to_status),
            )
            assert moved == (before in transition.from_statuses), (transition, before)
            assert model.get_by_id(row_id).status == (transition.to_status if moved else before)
            events = [
                (row.event, row.from_status, row.to_status)
                for row in EventLog.select().where(EventLog.id > last_id)
            ]
            assert events == ([(transition.event, before, transition.to_status)] if moved else [])
            if moved:
                moves.add((before, transition.to_status))
    listed = {(before, each.to_status) for each in transitions.values() for before in each.from_statuses}
    assert moves == listed


# The batch operations on rewards by the name of their transition.
BATCH_CHANGES: dict[str, Callable[[int], object]] = {
    "claim": lambda id_: minting.claim_mintable([id_], chain_id=1, token=HASH[:42], actor=ACTOR),
    "mint": lambda id_: minting.record_minted({id_: HASH}, ACTOR),
    "return": lambda id_: minting.return_to_approved([id_], "unpaid", ACTOR),
    "fail": lambda id_: minting.fail_mint({id_: "reverted"}, ACTOR),
    "reopen": lambda id_: minting.reopen_minted([id_], ACTOR),
    "prove": lambda id_: minting.claim_failed_paid([id_], chain_id=1, token=HASH[:42], actor=ACTOR),
}


@pytest.mark.parametrize("verb", BATCH_CHANGES)
@pytest.mark.parametrize("before", list(RewardStatus))
def test_batch_statements_apply_only_listed_transitions(
    database: str, verb: str, before: RewardStatus
) -> None:
    transition = REWARD_TRANSITIONS[verb]
    reward = make_reward(make_user(), before)
    moved = BATCH_CHANGES[verb](reward.id)
    events = [
        (row.event, row.from_status, row.to_status)
        for row in EventLog.select().where(EventLog.entity == "reward")
    ]
    status = ReferralReward.get_by_id(reward.id).status
    if before in transition.from_statuses:
        assert moved
        assert (status, events) == (transition.to_status, [(transition.event, before, transition.to_status)])
    else:
        assert not moved
        assert (status, events) == (before, [])


def test_every_transition_of_a_reward_is_used() -> None:
    decisions = {"approve": approve_reward, "reject": reject_reward, "retry": retry_reward}
    assert set(BATCH_CHANGES) | set(decisions) == set(REWARD_TRANSITIONS)
