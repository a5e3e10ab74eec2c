"""Record rewards and decide about them; the changes around a mint are in `minting`."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from peewee import fn

from models import ReferralReward
from portal.db import Actor, Change, RowEvent, move_status, query, record_event, transaction
from portal.lib.texts import clean_line
from portal.lib.types import Wei
from portal.rewards.approvals import ApprovalsNeeded, add_approval, lock_for_decision
from portal.rewards.budgets import BudgetClaim, BudgetExhausted, reserve_budget
from portal.rewards.debits import lock_debits, net_debits, release_all
from portal.rewards.errors import (
    TOKEN_CHANGED,
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

_WRITE = """
INSERT INTO referral_rewards
    (order_reference, order_id, ref_code, referrer_user_id, referrer_wallet, referee_user_id, order_total_minor,
    currency, rail, reward_token, chain_id, reward_percent, usd_value, token_price_usd, reward_amount_wei, status,
    sizing, failure_reason, approved_at, bonus_percent, programme_version_id, mintable_from, waits_for_statement,
    campaign_id, campaign_usd, budget_month, waits_for_budget)
SELECT order_reference, order_id, ref_code, referrer_user_id, referrer_wallet, referee_user_id, order_total_minor,
    currency, rail, reward_token, chain_id, percent, usd_value, token_price_usd, amount_wei, status, sizing,
    failure_reason, CASE WHEN is_approved THEN now() END, bonus_percent, programme_version_id, mintable_from,
    waits_for_statement, campaign_id, campaign_usd, budget_month, waits_for_budget
FROM reward_rows
ORDER BY place
ON CONFLICT DO NOTHING
RETURNING order_reference AS key, id::text AS id
"""
_COLUMNS = """order_reference text, order_id text, ref_code text, referrer_user_id bigint, referrer_wallet text,
    referee_user_id bigint, order_total_minor bigint, currency text, rail text, reward_token text, chain_id bigint,
    percent numeric, usd_value numeric, token_price_usd numeric, amount_wei numeric, status text, sizing jsonb,
    failure_reason text, is_approved boolean, bonus_percent numeric, programme_version_id bigint,
    mintable_from timestamptz, waits_for_statement boolean, campaign_id bigint, campaign_usd numeric, budget_month date,
    waits_for_budget boolean"""
_UNREWARDED = "SELECT order_reference AS key, order_reference AS id FROM no_reward_rows"


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


@dataclass(frozen=True)
class Opening:
    """The status that a new reward starts with, and the budget that it uses or waits for."""

    status: RewardStatus
    budget_month: date | None = None
    waits_for_budget: bool = False


def open_reward(
    claim: RewardClaim, sized: Sized, terms: RewardTerms, actor: Actor, *, approvals_needed: ApprovalsNeeded
) -> Opening:
    """Decide the first status of a reward; where that is `approved`, lock its referrer's debits and its budgets.

    A reward that could not be sized starts as `failed`. One that needs two admins, or that its referrer records,
    waits for an approval whatever the terms say, and so does one that would exceed a budget. See docs/rules/rewards.md.
    """
    if sized.failure_reason:
        return Opening(RewardStatus.FAILED)
    is_free = approvals_needed(sized.usd_value) <= 1 and actor.user_id != claim.referrer_user_id
    if terms.needs_approval or not is_free:
        return Opening(RewardStatus.PENDING_APPROVAL)
    lock_debits(claim.referrer_user_id)
    try:
        month = reserve_budget(BudgetClaim(sized.usd_value, terms.campaign_id, sized.campaign_usd))
    except BudgetExhausted:
        return Opening(RewardStatus.PENDING_APPROVAL, waits_for_budget=True)
    return Opening(RewardStatus.APPROVED, month)


def write_reward(claim: RewardClaim, sized: Sized, terms: RewardTerms, opening: Opening) -> Change:
    """Return the change that writes the one reward of a reference; its key is the reference.

    One that exists stays as it is, without another event. After it, `net_debits` is due of an approved reward.
    """
    event = RowEvent(
        claim.order_reference,
        "reward_recorded",
        to_status=opening.status,
        reason=sized.failure_reason or (BudgetExhausted.code if opening.waits_for_budget else None),
        order_reference=claim.order_reference,
    )
    row = _row(claim, sized, terms, opening)
    return Change("reward", _WRITE, _COLUMNS, [row], "reward", [event])


def note_no_reward(order_reference: str, event: str) -> Change:
    """Return the change that only records why a reference has no reward."""
    noted = RowEvent(order_reference, event, order_reference=order_reference)
    row = {"order_reference": order_reference}
    return Change("no_reward", _UNREWARDED, "order_reference text", [row], "reward", [noted])


def _row(claim: RewardClaim, sized: Sized, terms: RewardTerms, opening: Opening) -> dict[str, Any]:
    return {
        **vars(claim),
        "percent": sized.reward_percent,
        "usd_value": sized.usd_value,
        "token_price_usd": sized.token_price_usd,
        "amount_wei": sized.amount_wei,
        "status": opening.status,
        "sizing": sized.sizing,
        "failure_reason": sized.failure_reason,
        "is_approved": opening.status == RewardStatus.APPROVED,
        "bonus_percent": terms.bonus_percent,
        "programme_version_id": terms.programme_version_id,
        "mintable_from": terms.mintable_from,
        "waits_for_statement": terms.waits_for_statement,
        "campaign_id": terms.campaign_id,
        "campaign_usd": sized.campaign_usd,
        "budget_month": opening.budget_month,
        "waits_for_budget": opening.waits_for_budget,
    }


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
    reward_id: int, sized: Sized, token: str | None, actor: Actor, *, approvals_needed: ApprovalsNeeded
) -> ReferralReward:
    """Approve a failed reward again with this size in a token, None where none is configured.

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
        resized: dict[str, Any] = {}
        if reward.failure_reason == TOKEN_CHANGED:
            # Refunds and debits count again, in the token that is paid now.
            release_all(reward, actor)
            resized = {"netted_wei": 0, "granted_wei": None}
        _decide(
            reward_id,
            "retry",
            actor,
            **resized,
            failure_reason=None,
            usd_value=sized.usd_value,
            token_price_usd=sized.token_price_usd,
            reward_amount_wei=sized.amount_wei,
            reward_token=token,
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
