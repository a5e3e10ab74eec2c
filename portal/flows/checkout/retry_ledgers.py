"""Rails of paid references that failed: written again by a job, ever less often, or at once by an admin."""

from __future__ import annotations

from models import RailFailure
from portal.accounts import lock_user
from portal.chain import AnyChain
from portal.db import Actor, record_event, transaction
from portal.db.connection import DATABASE_ERRORS
from portal.flows.checkout.size_reward import read_market
from portal.flows.checkout.write_ledgers import (
    RailContext,
    write_commission_rail,
    write_rail,
    write_reward_rail,
)
from portal.flows.refunds.refund_payment import refund_rails
from portal.logs import get_logger
from portal.payments import (
    get_payment,
    get_rail_failure,
    list_due_rail_failures,
    lock_payment,
    record_rail_failure,
)
from portal.settings import Settings

log = get_logger(__name__)

_WRITERS = {"commission": write_commission_rail, "reward": write_reward_rail}


def retry_rails(chain: AnyChain, settings: Settings) -> int:
    """Write again every failed rail that is due; return how many stand now. One that breaks leaves the others."""
    written = 0
    for failure in list_due_rail_failures():
        try:
            written += _write_again(failure, Actor.job("retry_rails"), chain, settings)
        except DATABASE_ERRORS:
            raise
        except Exception as error:  # one bad reference must not keep the others waiting
            log.exception("ledger retry failed", ledger=failure.rail, order_reference=failure.order_reference)
            told = f"{type(error).__name__}: {error}"[:500]
            record_rail_failure(failure.order_reference, failure.rail, told)
    return written


def retry_rail(failure_id: int, admin_id: int, chain: AnyChain, settings: Settings) -> bool:
    """Write a failed rail again now; return whether it stands, which it may have done already.

    Raises RailFailureUnknown.
    """
    failure = get_rail_failure(failure_id)
    actor = Actor.user(admin_id)
    record_event(actor, "rail", failure.rail, "rail_retried", order_reference=failure.order_reference)
    return _write_again(failure, actor, chain, settings)


def _write_again(failure: RailFailure, actor: Actor, chain: AnyChain, settings: Settings) -> bool:
    known = get_payment(failure.order_reference)
    context = RailContext(settings, read_market(chain, settings, known.currency), actor)
    with transaction():
        lock_user(known.user_id)
        payment = lock_payment(failure.order_reference)
        # The job and an admin may meet here: the second one finds it done.
        if get_rail_failure(failure.id).resolved_at is not None:
            return True
        stands = write_rail(failure.rail, _WRITERS[failure.rail], payment, context)
        # A refund may have come while the rail was missing.
        refund_rails(payment, context.actor)
    return stands
