"""Commission statements: what a vendor owes for sales whose money the store collected.

See docs/rules/statements.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from peewee import chunked, fn

from models import CommissionStatement, CommissionStatementItem, Settlement
from portal.commissions.payout_decisions import clean_reason
from portal.commissions.payouts import move_settlements
from portal.commissions.schedule import month_start
from portal.commissions.statement_queries import free_settlements, get_statement, has_statement_since
from portal.commissions.status_rules import SETTLEMENT_TRANSITIONS, STATEMENT_TRANSITIONS
from portal.db import Actor, move_status, query, record_event, transaction
from portal.lib.errors import PortalError
from portal.lib.texts import clean_line

REFERENCE_MAX = 200
_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('commission_statements', 0))"
_ROWS_AT_ONCE = 1_000
_WITHOUT_COMMISSION = """
SELECT id FROM settlements
WHERE collected_by = 'store' AND status = 'pending' AND commission_minor = 0 AND created_at < %s
ORDER BY id LIMIT %s FOR UPDATE
"""


class StatementStatusConflict(PortalError):
    """The statement is paid or void, in `state`."""

    code = "statement_status_conflict"


class PaidReferenceMissing(PortalError):
    """A payment needs a reference of at most `at_most` characters."""

    code = "paid_reference_missing"


def open_statement(
    vendor_id: int, currency: str, until: datetime, zone: ZoneInfo, actor: Actor, *, is_monthly: bool
) -> int | None:
    """Collect what a vendor owes for settlements written before `until` in a statement and return its id.

    Returns None where nothing is owed; a negative sum waits for later sales. A monthly statement is opened once per
    `until`, also if the first one was voided. One transaction at a time opens statements.
    """
    with transaction():
        query(_LOCK)
        if is_monthly and has_statement_since(vendor_id, currency, until):
            return None
        rows = list(free_settlements(vendor_id, currency, until).order_by(Settlement.id).for_update())
        amount = sum(row.commission_minor for row in rows)
        if amount <= 0:
            return None
        statement_id: int = CommissionStatement.insert(
            vendor=vendor_id,
            currency=currency,
            period_start=_period_start(vendor_id, currency, until, rows, zone),
            period_end=until,
            amount_minor=amount,
        ).execute()
        _add_items(statement_id, rows)
        _move(rows, "process", actor)
        record_event(
            actor,
            "commission_statement",
            statement_id,
            "statement_opened",
            to_status="open",
            data={"amountMinor": str(amount), "currency": currency, "settlements": len(rows)},
        )
    return statement_id


def close_without_commission(until: datetime, actor: Actor) -> int:
    """Complete settlements before `until` that no statement asks for, with a commission of 0; return how many."""
    closed = 0
    while True:
        with transaction():
            query(_LOCK)
            rows = query(_WITHOUT_COMMISSION, [until, _ROWS_AT_ONCE])
            ids = [settlement_id for (settlement_id,) in rows]
            values = {"processed_at": fn.now()}
            closed += len(move_settlements(ids, SETTLEMENT_TRANSITIONS["close"], actor, values=values))
        if len(ids) < _ROWS_AT_ONCE:
            return closed


def pay_statement(statement_id: int, reference: str, actor: Actor) -> list[str]:
    """Mark an open statement as paid with a reference and return the order references it covers.

    Raises StatementUnknown, StatementStatusConflict, CharacterRefused or PaidReferenceMissing.
    """
    text = clean_line(reference, "reference")
    if not 1 <= len(text) <= REFERENCE_MAX:
        raise PaidReferenceMissing(field="reference", at_most=REFERENCE_MAX)
    with transaction():
        _decide(statement_id, "pay", actor, text, paid_reference=text, paid_at=fn.now())
        rows = _lock_settlements(statement_id)
        _move(rows, "complete", actor, {"processed_at": fn.now(), "transaction_id": text})
    return sorted({row.order_reference for row in rows})


def void_statement(statement_id: int, reason: str, actor: Actor) -> None:
    """Void an open statement, so that its settlements wait for the next one.

    Raises StatementUnknown, StatementStatusConflict, CharacterRefused or HoldReasonMissing.
    """
    text = clean_reason(reason)
    with transaction():
        _decide(statement_id, "void", actor, text, void_reason=text)
        rows = _lock_settlements(statement_id)
        CommissionStatementItem.update(live=False).where(
            CommissionStatementItem.statement == statement_id
        ).execute()
        _move(rows, "free", actor)


def _decide(statement_id: int, verb: str, actor: Actor, reason: str, **values: Any) -> None:
    get_statement(statement_id)
    transition = STATEMENT_TRANSITIONS[verb]
    entity = "commission_statement"
    if not move_status(
        CommissionStatement, statement_id, transition, entity=entity, actor=actor, reason=reason, **values
    ):
        raise StatementStatusConflict(state=get_statement(statement_id).status)


def _period_start(
    vendor_id: int, currency: str, until: datetime, rows: Sequence[Settlement], zone: ZoneInfo
) -> datetime:
    """Return the end of the previous statement, or the start of the month of the oldest settlement."""
    previous = (
        CommissionStatement.select(fn.MAX(CommissionStatement.period_end))
        .where(
            (CommissionStatement.vendor == vendor_id)
            & (CommissionStatement.currency == currency)
            & (CommissionStatement.status != STATEMENT_TRANSITIONS["void"].to_status)
        )
        .scalar()
    )
    if previous is not None and previous < until:
        return previous  # type: ignore[no-any-return]
    return month_start(min(row.created_at for row in rows), zone)


def _add_items(statement_id: int, rows: Sequence[Settlement]) -> None:
    for some in chunked(rows, _ROWS_AT_ONCE):
        CommissionStatementItem.insert_many(
            [
                {
                    "statement": statement_id,
                    "settlement": row.id,
                    "commission_minor": row.commission_minor,
                }
                for row in some
            ]
        ).execute()


def _lock_settlements(statement_id: int) -> list[Settlement]:
    """Return the settlements of a statement, locked in the order in which refunds lock them."""
    items = CommissionStatementItem.select(CommissionStatementItem.settlement).where(
        (CommissionStatementItem.statement == statement_id) & CommissionStatementItem.live
    )
    return list(Settlement.select().where(Settlement.id.in_(items)).order_by(Settlement.id).for_update())


def _move(
    rows: Sequence[Settlement], verb: str, actor: Actor, values: dict[str, object] | None = None
) -> None:
    ids = [row.id for row in rows]
    if len(move_settlements(ids, SETTLEMENT_TRANSITIONS[verb], actor, values=values)) != len(ids):
        raise RuntimeError("a settlement of a statement has another status although it was locked")
