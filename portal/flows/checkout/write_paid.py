"""Write the decisions about paid events in one statement; if that fails for a single event, each part separately.

A ledger that fails is recorded and retried; it neither undoes the payment nor stops the other ledger. See
docs/rules/payments.md.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from portal.commissions import NewSettlement, PaidOrder, write_settlements
from portal.db import Actor, Change, change_together, transaction
from portal.db.failing import require_database
from portal.flows.approvals.approve_by_rule import approve_by_rule
from portal.flows.checkout.decide_paid import LedgerContext, NewReward
from portal.flows.statements.decide_statement import free_rewards
from portal.flows.webhooks.publish import publish_rewards
from portal.logs import get_logger
from portal.payments import record_rail_failure
from portal.programme import approvals_rule
from portal.rewards import (
    Opening,
    RewardStatus,
    lock_debits,
    net_debits,
    note_no_reward,
    open_reward,
    write_reward,
)

log = get_logger(__name__)

COMMISSION, REWARD = "commission", "reward"
# The event of an attributed sale that earns nothing.
REWARD_NOT_DUE = "reward_not_due"

# The ids of changed rows by entity and key.
Rows = Mapping[tuple[str, str], str]


class Part(Protocol):
    """A part of a paid event: the payment with its order, or a ledger."""

    def changes(self) -> Sequence[Change]:
        """Return the changes; take the locks that they need."""
        ...

    def finish(self, rows: Rows) -> None:
        """Do what follows from the rows that were changed, in the same transaction."""
        ...


class Ledgers(Protocol):
    """The ledgers of a paid event."""

    names: Sequence[str]

    def decide(self, ledger: str, failed: Collection[str]) -> Part:
        """Return the part that writes a ledger, knowing which others have failed."""
        ...


@dataclass(frozen=True)
class PaidEvent:
    """A payment that becomes paid with its order, and the ledgers of both."""

    order_reference: str
    payment: Part
    ledgers: Ledgers
    has_refunds: bool


def write_paid(events: Sequence[PaidEvent], actor: Actor) -> None:
    """Write payments with both ledgers and record the failures of ledgers.

    Raises what a payment raises, with nothing changed. If several events cannot be written together, that is raised,
    too: which one is at fault shows when the caller settles each alone.
    """
    decided = [_decide(event) for event in events]
    failures = [failed for _parts, failed in decided]
    try:
        _write([part for parts, _failed in decided for part in parts], actor)
    except Exception as error:
        require_database(error)
        if len(events) > 1:
            raise
        failures = [_write_in_parts(event, error, actor) for event in events]
    for event, failed in zip(events, failures, strict=True):
        _record(event.order_reference, failed)


def _decide(event: PaidEvent) -> tuple[list[Part], dict[str, Exception]]:
    """Return the parts of an event that could be decided, and the failures of the others."""
    parts = [event.payment]
    failures: dict[str, Exception] = {}
    for ledger in event.ledgers.names:
        try:
            parts.append(event.ledgers.decide(ledger, failures))
        except Exception as error:  # no ledger may undo the payment
            require_database(error)
            failures[ledger] = error
    return parts, failures


def _write_in_parts(event: PaidEvent, error: Exception, actor: Actor) -> dict[str, Exception]:
    """Write the parts of an event for themselves, one of which is at fault; return the failures."""
    log.warning("paid event is written in parts", order_reference=event.order_reference, exc_info=error)
    _write([event.payment], actor)
    return _write_each(event.ledgers, actor)


def write_payment(payment: Part, actor: Actor) -> None:
    """Write a payment without ledgers."""
    _write([payment], actor)


def write_ledgers(order_reference: str, ledgers: Ledgers, actor: Actor) -> Mapping[str, Exception]:
    """Write the ledgers of a paid payment; record and return the failures."""
    failures = _write_each(ledgers, actor)
    _record(order_reference, failures)
    return failures


def _write_each(ledgers: Ledgers, actor: Actor) -> dict[str, Exception]:
    """Decide and write each ledger in a separate savepoint; return the failures."""
    failures: dict[str, Exception] = {}
    for ledger in ledgers.names:
        try:
            with transaction():
                _write([ledgers.decide(ledger, failures)], actor)
        except Exception as error:  # a lock that was not released in time neither
            require_database(error)
            failures[ledger] = error
    return failures


def _write(parts: Sequence[Part], actor: Actor) -> None:
    with transaction():
        rows = change_together([change for part in parts for change in part.changes()], actor)
        _lock_debits([part for part in parts if isinstance(part, RewardPart) and part.is_to_be_approved])
        for part in parts:
            part.finish(rows)


def _lock_debits(rewards: Sequence[RewardPart]) -> None:
    """Lock the debits of several referrers in their order, before the approval of a first reward locks budgets."""
    if len(rewards) > 1:
        for referrer_user_id in sorted({reward.referrer_user_id for reward in rewards}):
            lock_debits(referrer_user_id)


def _record(order_reference: str, failures: Mapping[str, Exception]) -> None:
    for ledger, error in failures.items():
        log.error("ledger write failed", ledger=ledger, order_reference=order_reference, exc_info=error)
        record_rail_failure(order_reference, ledger, f"{type(error).__name__}: {error}"[:500])


@dataclass(frozen=True)
class CommissionPart:
    """The settlements of a paid order; `has_reward` is whether it had a reward before them."""

    order: PaidOrder
    settlements: Sequence[NewSettlement]
    has_reward: bool
    actor: Actor

    def changes(self) -> Sequence[Change]:
        return write_settlements(self.order, self.settlements) if self.settlements else ()

    def finish(self, rows: Rows) -> None:
        if self.order.collected_by == "store" and self.has_reward:
            # The reward is older than a commission ledger that failed at first.
            free_rewards([self.order.order_reference], self.actor)


@dataclass(frozen=True)
class NothingEarnedPart:
    """The note that an attributed sale earns its referrer nothing, which is no failure."""

    order_reference: str

    def changes(self) -> Sequence[Change]:
        return [note_no_reward(self.order_reference, REWARD_NOT_DUE)]

    def finish(self, rows: Rows) -> None:
        """Nothing follows."""


class NoRewardPart:
    """The reward ledger of a sale that is not attributed."""

    def changes(self) -> Sequence[Change]:
        return ()

    def finish(self, rows: Rows) -> None:
        """Nothing follows."""


class RewardPart:
    """The one reward of a paid reference."""

    def __init__(self, reward: NewReward, context: LedgerContext) -> None:
        self._reward, self._context = reward, context
        self._opening = Opening(RewardStatus.FAILED)
        self.referrer_user_id = reward.claim.referrer_user_id
        # The programme may approve it without an admin.
        self.is_to_be_approved = (
            reward.claim.rail == "fiat" and reward.is_free and not reward.sized.failure_reason
        )

    def changes(self) -> Sequence[Change]:
        reward, context = self._reward, self._context
        rule = approvals_rule(context.settings.referral_second_approval_usd)
        self._opening = open_reward(
            reward.claim, reward.sized, reward.terms, context.actor, approvals_needed=rule
        )
        return [write_reward(reward.claim, reward.sized, reward.terms, self._opening)]

    def finish(self, rows: Rows) -> None:
        written = rows.get(("reward", self._reward.claim.order_reference))
        if written is None:
            return  # there is one already
        reward_id = int(written)
        if self._opening.status == RewardStatus.APPROVED:
            net_debits(reward_id, self._context.actor)
            publish_rewards([reward_id])
        if self.is_to_be_approved:
            approve_by_rule(reward_id, self._context.settings)
