"""Retry failed ledger writes of paid references: by a job at growing intervals, or at once by an admin."""

from __future__ import annotations

import time

from models import RailFailure
from portal.chain import AnyChain
from portal.db import Actor, record_event, transaction
from portal.db.connection import DATABASE_ERRORS
from portal.db.failing import require_database
from portal.flows.checkout.decide_paid import LedgerContext
from portal.flows.checkout.lock_buyer import lock_buyer
from portal.flows.checkout.paid_parts import failed_ledger
from portal.flows.checkout.size_reward import read_market
from portal.flows.checkout.write_paid import write_ledgers
from portal.flows.refunds.refund_payment import refund_ledgers
from portal.logs import get_logger
from portal.payments import (
    get_payment,
    get_rail_failure,
    list_due_rail_failures,
    lock_payment,
    record_rail_failure,
    resolve_rail_failure,
)
from portal.settings import Settings

log = get_logger(__name__)

_ROUND_SECONDS = 60


def retry_ledgers(chain: AnyChain, settings: Settings) -> int:
    """Write every failed ledger that is due again; return how many are complete now.

    One that fails again, or whose rows stay locked, does not stop the others. What is left after a minute waits for
    the next run.
    """
    written, deadline = 0, time.monotonic() + _ROUND_SECONDS
    for failure in list_due_rail_failures():
        if time.monotonic() > deadline:
            break
        try:
            written += _retry(failure, Actor.job("retry_failed_ledgers"), chain, settings)
        except Exception as error:  # one bad reference must not stop the others
            require_database(error)
            log.exception("ledger retry failed", ledger=failure.rail, order_reference=failure.order_reference)
            _record_failure(failure, f"{type(error).__name__}: {error}"[:500])
    return written


def _record_failure(failure: RailFailure, reason: str) -> None:
    try:
        record_rail_failure(failure.order_reference, failure.rail, reason)
    except DATABASE_ERRORS as error:
        # Another process holds the row, and records its own result.
        require_database(error)


def retry_failed_ledger(failure_id: int, admin_id: int, chain: AnyChain, settings: Settings) -> bool:
    """Write a failed ledger again now; return whether it is complete, by this call or before.

    Raises RailFailureUnknown.
    """
    failure = get_rail_failure(failure_id)
    actor = Actor.user(admin_id)
    record_event(actor, "rail", failure.rail, "rail_retried", order_reference=failure.order_reference)
    return _retry(failure, actor, chain, settings)


def _retry(failure: RailFailure, actor: Actor, chain: AnyChain, settings: Settings) -> bool:
    unlocked = get_payment(failure.order_reference)
    context = LedgerContext(settings, read_market(chain, settings, unlocked.currency), actor)
    with transaction():
        lock_buyer(unlocked)
        payment = lock_payment(failure.order_reference)
        # The job and an admin may retry at the same time; the second has nothing left to do.
        if get_rail_failure(failure.id).resolved_at is not None:
            return True
        ledgers = failed_ledger(failure.rail, payment, context)
        is_complete = not write_ledgers(payment.order_reference, ledgers, actor)
        if is_complete:
            resolve_rail_failure(payment.order_reference, failure.rail)
        # A refund may have been applied while the ledger was missing.
        refund_ledgers(payment, context.actor)
    return is_complete
