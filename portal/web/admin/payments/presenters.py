"""What admin pages show of callbacks and of ledger entries that failed: frozen values, no rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from portal.web.text import payments as texts

if TYPE_CHECKING:
    from models import PaymentEvent, RailFailure


@dataclass(frozen=True, slots=True)
class CallbackRow:
    """A callback; `provider_status` and `amount` are what the provider sent, empty where unreadable."""

    id: int
    order_reference: str | None
    received_at: datetime
    is_authentic: bool
    state: str
    why: str
    provider_status: str
    amount: str


@dataclass(frozen=True, slots=True)
class CallbackView:
    """A callback with its message and, once closed, who closed it."""

    row: CallbackRow
    payload: str
    closed_at: datetime | None
    closed_by: str
    note: str | None


@dataclass(frozen=True, slots=True)
class FailureRow:
    """Ledger entries of a paid reference that could not be written; `raw` is an error without a sentence."""

    id: int
    order_reference: str
    is_commission: bool
    why: str
    raw: str
    attempts: int
    next_try: datetime
    next_try_text: str


def callback_rows(events: Sequence[PaymentEvent]) -> list[CallbackRow]:
    """Return callbacks as a list shows them."""
    return [_callback_row(event) for event in events]


def callback_view(event: PaymentEvent, closed_by: str) -> CallbackView:
    """Return one callback with its message; `closed_by` is a name."""
    payload = texts.payload_text(event)
    return CallbackView(_callback_row(event), payload, event.closed_at, closed_by, event.note)


def failure_rows(failures: Sequence[RailFailure]) -> list[FailureRow]:
    """Return failed ledger entries: why, and when the job retries."""
    return [
        FailureRow(
            id=failure.id,
            order_reference=failure.order_reference,
            is_commission=failure.rail == "commission",
            why=row["why"],
            raw=row["raw"],
            attempts=failure.attempts,
            next_try=row["next"],
            next_try_text=row["next_text"],
        )
        for failure, row in zip(failures, texts.failure_rows(failures), strict=True)
    ]


def _callback_row(event: PaymentEvent) -> CallbackRow:
    row = texts.callback_row(event)
    return CallbackRow(
        id=event.id,
        order_reference=event.order_reference,
        received_at=event.received_at,
        is_authentic=event.authentic,
        state=row["state"],
        why=row["why"],
        provider_status=row["provider"]["status"],
        amount=row["provider"]["amount"],
    )
