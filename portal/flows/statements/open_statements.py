"""Open commission statements at the end of a month, or at once."""

from __future__ import annotations

from datetime import datetime

from models import CommissionStatement
from portal.catalogue import vendors_by_id
from portal.commissions import (
    close_without_commission,
    get_statement,
    list_balances_to_state,
    month_start,
    open_statement,
)
from portal.db import Actor, database_now, transaction, without_set_aside, work_through
from portal.flows.webhooks.publish import publish_statement
from portal.lib.errors import PortalError
from portal.logs import get_logger
from portal.notifications import notify
from portal.settings import Settings

STATEMENT_QUEUE = "commission_statements"
log = get_logger(__name__)


class StatementTimeAhead(PortalError):
    """Statements cannot be opened for a time that has not come."""

    code = "statement_time_ahead"


def open_monthly_statements(settings: Settings, actor: Actor) -> list[int]:
    """Open the statements of the months that are over, once, and return their ids.

    Call it as often as you like, outside transactions: a vendor has one monthly statement per currency and month.
    """
    until = month_start(database_now(), settings.timezone)
    return _open_all(until, settings, actor, is_monthly=True)


def open_statements(until: datetime | None, settings: Settings, actor: Actor) -> list[int]:
    """Open statements of everything before `until`, by default now, and return their ids; raise StatementTimeAhead."""
    now = database_now()
    if until is not None and until > now:
        raise StatementTimeAhead(field="until")
    return _open_all(until or now, settings, actor, is_monthly=False)


def _open_all(until: datetime, settings: Settings, actor: Actor, *, is_monthly: bool) -> list[int]:
    opened: list[int] = []

    def open_one(balance: tuple[int, str]) -> None:
        with transaction():
            statement_id = open_statement(*balance, until, settings.timezone, actor, is_monthly=is_monthly)
            if statement_id is not None:
                _announce(get_statement(statement_id))
        if statement_id is not None:
            opened.append(statement_id)

    waiting = without_set_aside(STATEMENT_QUEUE, list_balances_to_state(until), _item)
    work_through(STATEMENT_QUEUE, waiting, _item, open_one)
    close_without_commission(until, actor)
    if opened:
        log.info("commission statements opened", statements=len(opened), until=until.isoformat())
    return opened


def _item(balance: tuple[int, str]) -> str:
    return f"{balance[0]} {balance[1]}"


def _announce(statement: CommissionStatement) -> None:
    """Notify the stores and the vendor's owner, in the transaction that opened the statement."""
    publish_statement(statement)
    owner = vendors_by_id([statement.vendor_id])[statement.vendor_id].user_id
    if owner is None:
        return
    notify(
        owner,
        "commission_statement_opened",
        f"commission_statement_opened:{statement.id}",
        statementId=statement.id,
        vendor=statement.vendor.name,
        amountMinor=str(statement.amount_minor),
        currency=statement.currency,
    )
