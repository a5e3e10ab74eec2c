"""Record rewards and decide about them; the changes around a mint are in `minting`."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from peewee import fn

from models import ReferralReward
from portal.db import Actor, move_status, query, record_event, transaction
from portal.lib.texts import clean_line
from portal.lib.types import Wei
from portal.rewards.approvals import ApprovalsNeeded, add_approval, lock_for_decision
from portal.rewards.budgets import BudgetClaim, BudgetExhausted, reserve_budget
from portal.rewards.debits import lock_debits, net_debits, release_all
from portal.rewards.errors import (
    USED_REFERENCE,
    NothingMissing,
    OwnReward,
    ReferenceUsed,
    RejectionReasonMissing,
    RewardStatusConflict,
    RewardUnknown,
)
from portal.rewards.status_rules import TRANSITIONS, RewardStatus

REASON_MAX = 500


@dataclass(frozen=True)
class Sized:
    """The size of a reward: percent with six decimals, USD and token price exact, tokens in wei.

    `campaign_usd` is the part of `usd_value` that a campaign pays.
    """

    reward_percent: Decimal
    usd_value: Decimal | None
    token_price_usd: Decimal | None
    amount_wei: int | None
    failure_reason: str | None
    sizing: dict[str, Any]
    campaign_usd: Decimal | None = None


@dataclass(frozen=True)
class RewardClaim:
    """Who earns a reward for which paid event."""

    order_reference: str
    order_id: str | None
    ref_code: str
    referrer_user_id: int
    referrer_wallet: str
    referee_user_id: int | None
    order_total_minor: int
    currency: str
    rail: str
    reward_token: str | None
    chain_id: int | None


@dataclass(frozen=True)
class RewardTerms:
    """What the programme decided about a reward, apart from its size."""

    needs_approval: bool
    bonus_percent: Decimal
    programme_version_id: int
    mintable_from: datetime
    waits_for_statement: bool = False
    campaign_id: int | None = None


def record_reward(
    claim: RewardClaim, sized: Sized, terms: RewardTerms, actor: Actor, *, approvals_needed: ApprovalsNeeded
) -> int | None:
    """Write the one reward of a reference and return its id, or None if there is one already.

    A reward that could not be sized starts as `failed`. One that needs two admins, or that its referrer records,
    waits for an approval whatever the terms say, and so does one that would exceed a budget. See docs/rules/rewards.md.
    """
    is_free = approvals_needed(sized.usd_value) <= 1 and actor.user_id != claim.referrer_user_id
    with transaction():
        budget = _Budget()
        status = _initial_status(sized, needs_approval=terms.needs_approval or not is_free)
        if status == RewardStatus.APPROVED:
            lock_debits(claim.referrer_user_id)
            budget = _try_budget(BudgetClaim(sized.usd_value, terms.campaign_id, sized.campaign_usd))
            status = RewardStatus.PENDING_APPROVAL if budget.is_exhausted else status
        columns = _columns(claim, sized, terms, status)
        insert = ReferralReward.insert(
            **columns, budget_month=budget.month, waits_for_budget=budget.is_exhausted
        )
        rows = insert.on_conflict_ignore().returning(ReferralReward.id).execute()
        written = [row.id for row in rows]
        if not written:
            return None
        record_event(
            actor,
            "reward",
            written[0],
            "reward_recorded",
            to_status=status,
            reason=sized.failure_reason or (BudgetExhausted.code if budget.is_exhausted else None),
            order_reference=claim.order_reference,
        )
        if status == RewardStatus.APPROVED:
            net_debits(written[0], actor)
    return int(written[0])


def _columns(claim: RewardClaim, sized: Sized, terms: RewardTerms, status: RewardStatus) -> dict[str, Any]:
    return {
        **vars(claim),
        "reward_percent": sized.reward_percent,
        "usd_value": sized.usd_value,
        "token_price_usd": sized.token_price_usd,
        "reward_amount_wei": sized.amount_wei,
        "status": status,
        "sizing": sized.sizing,
        "failure_reason": sized.failure_reason,
        "approved_at": fn.now() if status == RewardStatus.APPROVED else None,
        "bonus_percent": terms.bonus_percent,
        "programme_version_id": terms.programme_version_id,
        "mintable_from": terms.mintable_from,
        "waits_for_statement": terms.waits_for_statement,
        "campaign_id": terms.campaign_id,
        "campaign_usd": sized.campaign_usd,
    }


@dataclass(frozen=True)
class _Budget:
    """The month whose budget a new reward uses, or that a budget is exhausted."""

    month: date | None = None
    is_exhausted: bool = False


def _try_budget(claim: BudgetClaim) -> _Budget:
    try:
        return _Budget(reserve_budget(claim))
    except BudgetExhausted:
        return _Budget(is_exhausted=True)


def end_statement_waits(order_references: Collection[str], actor: Actor) -> int:
    """Let the rewards of references be minted that waited until the commission of their order was paid.

    Return how many waited.
    """
    with transaction():
        waiting = (
            ReferralReward.order_reference.in_(list(order_references)) & ReferralReward.waits_for_statement
        )
        rows = list(ReferralReward.select().where(waiting).order_by(ReferralReward.id).for_update())
        ReferralReward.update(waits_for_statement=False, updated_at=fn.now()).where(
            ReferralReward.id.in_([row.id for row in rows])
        ).execute()
        for row in rows:
            record_event(
                actor, "reward", row.id, "reward_commission_paid", order_reference=row.order_reference
            )
    return len(rows)


def _initial_status(sized: Sized, *, needs_approval: bool) -> RewardStatus:
    if sized.failure_reason:
        return RewardStatus.FAILED
    return RewardStatus.PENDING_APPROVAL if needs_approval else RewardStatus.APPROVED


def approve_reward(reward_id: int, actor: Actor, *, approvals_needed: ApprovalsNeeded) -> ReferralReward:
    """Approve a reward that waits for it and net its referrer's debits.

    Where two admins are needed, the first approval leaves the status as it is. Raises RewardUnknown, OwnReward,
    AlreadyApprovedByYou, RewardStatusConflict or BudgetExhausted.
    """
    with transaction():
        lock_debits(get_reward(reward_id).referrer_user_id)
        reward = lock_for_decision(reward_id, "approve", actor)
        if not add_approval(reward, reward.usd_value, actor, approvals_needed(reward.usd_value)):
            return reward
        _decide(reward_id, "approve", actor, **_approval(actor, BudgetClaim.of(reward)))
        net_debits(reward_id, actor)
        return get_reward(reward_id)


def reject_reward(reward_id: int, reason: str, actor: Actor) -> ReferralReward:
    """Reject a reward that no transaction may have paid, with a reason that its referrer sees.

    Debits that were netted from it are open again. Raises RejectionReasonMissing, RewardUnknown, OwnReward or
    RewardStatusConflict.
    """
    text = clean_line(reason, "reason")
    if not 1 <= len(text) <= REASON_MAX:
        raise RejectionReasonMissing(field="reason", at_most=REASON_MAX)
    with transaction():
        lock_debits(get_reward(reward_id).referrer_user_id)
        reward = _decide(reward_id, "reject", actor, reason=text, failure_reason=text)
        release_all(reward, actor)
        return get_reward(reward_id)


def retry_reward(
    reward_id: int, sized: Sized, actor: Actor, *, approvals_needed: ApprovalsNeeded
) -> ReferralReward:
    """Approve a failed reward again with this size.

    Where two admins are needed for the new value, the first approval leaves the status as it is. Raises
    RewardUnknown, OwnReward, AlreadyApprovedByYou, RewardStatusConflict, BudgetExhausted, or ReferenceUsed if the
    contract has paid the reference otherwise.
    """
    with transaction():
        lock_debits(get_reward(reward_id).referrer_user_id)
        reward = lock_for_decision(reward_id, "retry", actor)
        if reward.failure_reason in USED_REFERENCE:
            raise ReferenceUsed
        if not add_approval(reward, sized.usd_value, actor, approvals_needed(sized.usd_value)):
            return reward
        _decide(
            reward_id,
            "retry",
            actor,
            failure_reason=None,
            usd_value=sized.usd_value,
            token_price_usd=sized.token_price_usd,
            reward_amount_wei=sized.amount_wei,
            sizing=sized.sizing,
            campaign_usd=sized.campaign_usd,
            **_approval(actor, BudgetClaim(sized.usd_value, reward.campaign_id, sized.campaign_usd)),
        )
        net_debits(reward_id, actor)
        return get_reward(reward_id)


def approve_missing(
    reward_id: int,
    payment_number: int,
    delivered_wei: Wei,
    actor: Actor,
    *,
    approvals_needed: ApprovalsNeeded,
) -> ReferralReward:
    """Approve the next payment of a reward that was paid otherwise than owed, less what was delivered in all.

    `payment_number` is the last payment made, so that two admins do not approve two payments. Raises RewardUnknown,
    OwnReward, AlreadyApprovedByYou, RewardStatusConflict, NothingMissing or BudgetExhausted.
    """
    with transaction():
        reward = lock_for_decision(reward_id, "retry", actor)
        if reward.failure_reason not in USED_REFERENCE or reward.payment_number != payment_number:
            raise NothingMissing
        if not add_approval(reward, reward.usd_value, actor, approvals_needed(reward.usd_value)):
            return reward
        _decide(
            reward_id,
            "retry",
            actor,
            reason=f"payment {payment_number + 1}: {delivered_wei} wei of it were delivered before",
            failure_reason=None,
            payment_number=payment_number + 1,
            delivered_wei=delivered_wei,
            **_approval(actor, BudgetClaim.of(reward)),
        )
        return get_reward(reward_id)


_FOLD_TOTALS = """
WITH gone AS (DELETE FROM reward_total_deltas RETURNING referrer_user_id, status, rewards, amount_wei),
parts AS (
    SELECT referrer_user_id, status, rewards, amount_wei FROM gone
    UNION ALL SELECT 0, status, rewards, amount_wei FROM gone
),
sums AS (
    SELECT referrer_user_id, status, sum(rewards) AS rewards, sum(amount_wei) AS amount_wei
    FROM parts GROUP BY 1, 2
)
INSERT INTO reward_totals AS t (referrer_user_id, status, rewards, amount_wei)
SELECT referrer_user_id, status, rewards, amount_wei FROM sums
ON CONFLICT (referrer_user_id, status) DO UPDATE
    SET rewards = t.rewards + excluded.rewards, amount_wei = t.amount_wei + excluded.amount_wei
RETURNING t.status
"""


def fold_reward_totals() -> int:
    """Add the recorded differences to the totals and return how many totals changed.

    It is one statement, so that a reader sees either the differences or the totals.
    """
    return len(query(_FOLD_TOTALS))


def get_reward(reward_id: int) -> ReferralReward:
    """Return a reward; raise RewardUnknown."""
    reward = ReferralReward.get_or_none(ReferralReward.id == reward_id)
    if reward is None:
        raise RewardUnknown
    return reward


def _approval(actor: Actor, claim: BudgetClaim) -> dict[str, Any]:
    """Reserve the budgets of a reward and return the columns that its approval sets; raise BudgetExhausted."""
    month = reserve_budget(claim)
    return {
        "approved_by": actor.user_id,
        "approved_at": fn.now(),
        "budget_month": month,
        "waits_for_budget": False,
    }


def _decide(
    reward_id: int, verb: str, actor: Actor, *, reason: str | None = None, **values: Any
) -> ReferralReward:
    if actor.user_id is not None and get_reward(reward_id).referrer_user_id == actor.user_id:
        raise OwnReward
    moved = move_status(
        ReferralReward, reward_id, TRANSITIONS[verb], entity="reward", actor=actor, reason=reason, **values
    )
    reward = get_reward(reward_id)
    if not moved:
        raise RewardStatusConflict(status=reward.status)
    return reward
