"""Commission statements as pages show them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from portal.commissions import OwedCommission
from portal.web.text.format import money

if TYPE_CHECKING:
    from models import CommissionStatement, CommissionStatementItem


@dataclass(frozen=True, slots=True)
class StatementRow:
    """A statement; `last_moment` is the last one that its period has."""

    id: int
    vendor: str
    status: str
    amount: str
    period_start: datetime
    last_moment: datetime
    created_at: datetime
    paid_reference: str
    paid_at: datetime | None
    void_reason: str


@dataclass(frozen=True, slots=True)
class StatementItemRow:
    """A settlement of a statement."""

    order_reference: str
    is_refund: bool
    amount: str
    commission: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class OwedRow:
    """What a vendor owes in one currency: on no statement yet, on hold, on open statements."""

    vendor: str
    currency: str
    free: str
    held: str
    stated: str


def statement_row(statement: CommissionStatement) -> StatementRow:
    """Return a statement as pages show it."""
    return StatementRow(
        id=statement.id,
        vendor=statement.vendor.name,
        status=statement.status,
        amount=money(statement.amount_minor, statement.currency),
        period_start=statement.period_start,
        last_moment=statement.period_end - timedelta(seconds=1),
        created_at=statement.created_at,
        paid_reference=statement.paid_reference or "",
        paid_at=statement.paid_at,
        void_reason=statement.void_reason or "",
    )


def statement_item_rows(items: Sequence[CommissionStatementItem]) -> list[StatementItemRow]:
    """Return the settlements of a statement as pages show them."""
    return [
        StatementItemRow(
            order_reference=item.settlement.order_reference,
            is_refund=item.settlement.kind == "refund",
            amount=money(item.settlement.amount_minor, item.settlement.currency),
            commission=money(item.commission_minor, item.settlement.currency),
            created_at=item.settlement.created_at,
        )
        for item in items
    ]


def owed_rows(owed: Sequence[OwedCommission]) -> list[OwedRow]:
    """Return what vendors owe as pages show it."""
    return [
        OwedRow(
            vendor=row.vendor_name,
            currency=row.currency,
            free=money(row.free_minor, row.currency),
            held=money(row.held_minor, row.currency),
            stated=money(row.stated_minor, row.currency),
        )
        for row in owed
    ]
