"""Failing items of work queues in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from portal.web.text.format import When, when
from portal.web.text.translate import gettext as _

if TYPE_CHECKING:
    from collections.abc import Sequence

    from models import FailingItem


@dataclass(frozen=True, slots=True)
class FailingRow:
    """An item that fails: its queue in words and by name, why it failed last, and when it is tried again."""

    queue: str
    queue_name: str
    item_id: str
    reason: str
    attempts: int
    since: When
    next_try: When


def failing_rows(items: Sequence[FailingItem]) -> list[FailingRow]:
    """Return failing items as a list shows them."""
    titles = _titles()
    return [
        FailingRow(
            queue=titles.get(item.queue, item.queue),
            queue_name=item.queue,
            item_id=item.item_id,
            reason=item.reason,
            attempts=item.attempts,
            since=when(item.created_at),
            next_try=when(item.next_attempt_at),
        )
        for item in items
    ]


def _titles() -> dict[str, str]:
    return {
        "callbacks": _("Payment callbacks"),
        "payments": _("Payments to check"),
        "refunds": _("Refunds to check"),
        "due_refunds": _("Reward refunds"),
        "netting": _("Debits to net"),
        "password_resets": _("Password reset links"),
        "payouts": _("Payouts to vendors"),
        "payout_vendors": _("Payouts to open, by vendor"),
        "exports": _("Ledger files"),
        "risk_hints": _("Risk hints"),
        "budget_waits": _("Rewards waiting for a budget"),
        "mints": _("Rewards to mint"),
        "totals": _("Totals"),
        "pruning": _("Deleting what has expired"),
    }
