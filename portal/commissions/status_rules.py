"""The statuses of settlements, payouts and their batches, and the only changes between them.

See docs/rules/settlements.md and docs/rules/payouts.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from portal.lib.transitions import Transition


class SettlementStatus(StrEnum):
    """The statuses of a settlement."""

    PENDING = "pending"
    PROCESSING = "processing"
    COMPLETED = "completed"
    FAILED = "failed"
    HELD = "held"
    CANCELLED = "cancelled"


class PayoutStatus(StrEnum):
    """The statuses of one vendor's payout."""

    PROCESSING = "processing"
    COMPLETED = "completed"
    FAILED = "failed"


class PayoutBatchStatus(StrEnum):
    """The statuses of a batch of payouts."""

    CREATED = "created"
    PROCESSING = "processing"
    COMPLETED = "completed"
    PARTIAL = "partial"
    FAILED = "failed"


class StatementStatus(StrEnum):
    """The statuses of a commission statement."""

    OPEN = "open"
    PAID = "paid"
    VOID = "void"


# A refund reduces or cancels a settlement while it is not paid out.
NOT_PAID_OUT = (SettlementStatus.PENDING, SettlementStatus.HELD, SettlementStatus.FAILED)

SETTLEMENT_TRANSITIONS: Mapping[str, Transition] = MappingProxyType(
    {
        "hold": Transition(
            "settlement_held", (SettlementStatus.PENDING, SettlementStatus.FAILED), SettlementStatus.HELD
        ),
        # What a refund leaves of a sale may be less than its commissions.
        "hold_reduced": Transition(
            "settlement_reduced", (SettlementStatus.PENDING, SettlementStatus.FAILED), SettlementStatus.HELD
        ),
        "release": Transition("settlement_released", (SettlementStatus.HELD,), SettlementStatus.PENDING),
        "retry": Transition("settlement_retried", (SettlementStatus.FAILED,), SettlementStatus.PENDING),
        "cancel": Transition("settlement_cancelled", NOT_PAID_OUT, SettlementStatus.CANCELLED),
        "process": Transition(
            "settlement_processing", (SettlementStatus.PENDING,), SettlementStatus.PROCESSING
        ),
        "complete": Transition("settlement_paid", (SettlementStatus.PROCESSING,), SettlementStatus.COMPLETED),
        "fail": Transition("settlement_failed", (SettlementStatus.PROCESSING,), SettlementStatus.FAILED),
        # Its commission statement is void: the next one collects it again.
        "free": Transition("settlement_freed", (SettlementStatus.PROCESSING,), SettlementStatus.PENDING),
        # Its store collected it, and no statement asks for a commission of 0.
        "close": Transition("settlement_closed", (SettlementStatus.PENDING,), SettlementStatus.COMPLETED),
        # A reorganisation removed the block that paid it, or that failed it.
        "reopen": Transition(
            "settlement_reopened",
            (SettlementStatus.COMPLETED, SettlementStatus.FAILED),
            SettlementStatus.PROCESSING,
        ),
    }
)

PAYOUT_TRANSITIONS: Mapping[str, Transition] = MappingProxyType(
    {
        "complete": Transition("payout_completed", (PayoutStatus.PROCESSING,), PayoutStatus.COMPLETED),
        "fail": Transition("payout_failed", (PayoutStatus.PROCESSING,), PayoutStatus.FAILED),
        "reopen": Transition(
            "payout_reopened", (PayoutStatus.COMPLETED, PayoutStatus.FAILED), PayoutStatus.PROCESSING
        ),
    }
)

STATEMENT_TRANSITIONS: Mapping[str, Transition] = MappingProxyType(
    {
        "pay": Transition("statement_paid", (StatementStatus.OPEN,), StatementStatus.PAID),
        "void": Transition("statement_voided", (StatementStatus.OPEN,), StatementStatus.VOID),
    }
)

_OPEN_BATCH = (PayoutBatchStatus.CREATED, PayoutBatchStatus.PROCESSING)
_FINISHED_BATCH = (PayoutBatchStatus.COMPLETED, PayoutBatchStatus.PARTIAL, PayoutBatchStatus.FAILED)

# A batch finishes by the outcome of its payouts: `completed`, `partial` or `failed`.
BATCH_TRANSITIONS: Mapping[str, Transition] = MappingProxyType(
    {
        "start": Transition(
            "payout_batch_started", (PayoutBatchStatus.CREATED,), PayoutBatchStatus.PROCESSING
        ),
        "reopen": Transition("payout_batch_reopened", _FINISHED_BATCH, PayoutBatchStatus.PROCESSING),
        **{
            outcome.value: Transition("payout_batch_finished", _OPEN_BATCH, outcome)
            for outcome in _FINISHED_BATCH
        },
    }
)
