"""Decisions of an admin about one or many rewards: approve, reject, retry. See docs/rules/rewards.md."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache

from models import EventLog, PaymentTransaction, ReferralReward, User
from portal.chain import AnyChain
from portal.db import Actor, transaction
from portal.flows.checkout.lock_buyer import lock_buyer
from portal.flows.checkout.size_reward import Market, read_market, size_again
from portal.flows.refunds.refund_payment import refund_ledgers
from portal.flows.webhooks.publish import publish_rewards
from portal.lib.errors import PortalError
from portal.notifications import notify
from portal.payments import find_payment, lock_payment
from portal.programme import approvals_rule
from portal.rewards import (
    AlreadyApprovedByYou,
    BudgetExhausted,
    OwnReward,
    RewardFilter,
    RewardStatus,
    RewardStatusConflict,
    RewardUnknown,
    Sized,
    approve_reward,
    get_reward,
    list_matching_ids,
    reject_reward,
    retry_reward,
)
from portal.rewards.errors import TOKEN_CHANGED, ReferenceUsed
from portal.settings import Settings

BULK_LIMIT = 1_000


class RewardUnsizable(PortalError):
    """The reward still cannot be sized; `reason` is a code."""

    code = "reward_unsizable"


class MatchChanged(PortalError):
    """A filter matches `found` rewards now, but the admin confirmed `promised`."""

    code = "match_changed"


class NothingChosen(PortalError):
    """No reward was chosen."""

    code = "nothing_chosen"


@dataclass
class BulkResult:
    """The reward ids that were decided, that wait for a second admin, and that were refused, by error code."""

    decided: list[int] = field(default_factory=list)
    first_approvals: list[int] = field(default_factory=list)
    refused: dict[str, list[int]] = field(default_factory=dict)
    decided_by: list[str] = field(default_factory=list)


def approve(reward_id: int, admin_id: int, settings: Settings) -> ReferralReward:
    """Approve a reward and notify its referrer once it is approved; raise what `approve_reward` raises."""
    return approve_as(reward_id, Actor.user(admin_id), settings)


def approve_as(reward_id: int, actor: Actor, settings: Settings) -> ReferralReward:
    """Approve a reward as an admin or a version of the programme; raise what `approve_reward` raises."""
    with transaction():
        reward = approve_reward(
            reward_id, actor, approvals_needed=approvals_rule(settings.referral_second_approval_usd)
        )
        if reward.status == RewardStatus.APPROVED:
            _notify(reward, "referral_reward_approved")
            publish_rewards([reward.id])
    return reward


def reject(reward_id: int, reason: str, admin_id: int) -> ReferralReward:
    """Reject a reward with a reason and notify its referrer; raise what `reject_reward` raises."""
    with transaction():
        reward = reject_reward(reward_id, reason, Actor.user(admin_id))
        _notify(reward, "referral_reward_rejected", reason=reward.failure_reason)
        publish_rewards([reward.id])
    return reward


def retry(reward_id: int, admin_id: int, chain: AnyChain, settings: Settings) -> ReferralReward:
    """Approve a failed reward again, sized if it had no size in the token that is paid, less the order's refunds.

    Raises RewardUnsizable if it still cannot be sized, and what `retry_reward` raises.
    """
    return _retry(reward_id, admin_id, lambda currency: read_market(chain, settings, currency), settings)


def _retry(
    reward_id: int, admin_id: int, market_of: Callable[[str], Market], settings: Settings
) -> ReferralReward:
    reward = get_reward(reward_id)
    market = None if _is_sized(reward) else market_of(reward.currency)
    actor = Actor.user(admin_id)
    with transaction():
        payment = _lock_payment(reward.order_reference)
        # A refund may have reduced it before the payment was locked.
        reward = get_reward(reward_id)
        if _is_sized(reward) == (market is not None):  # another admin was faster, and it failed otherwise
            raise RewardStatusConflict(status=reward.status)
        sized = size_again(reward, market) if market else _kept_size(reward)
        if sized.failure_reason and reward.status == RewardStatus.FAILED:
            raise RewardUnsizable(reason=sized.failure_reason)
        token = (settings.referral_reward_token_address if market else None) or reward.reward_token
        needed = approvals_rule(settings.referral_second_approval_usd)
        reward = retry_reward(reward_id, sized, token, actor, approvals_needed=needed)
        if reward.status == RewardStatus.APPROVED:
            publish_rewards([reward.id])
            if payment is not None:
                refund_ledgers(payment, actor)
    return get_reward(reward_id)


def choose_matching(filters: RewardFilter, promised: int) -> list[int]:
    """Return the ids of all matching rewards; raise MatchChanged unless their number is `promised`."""
    ids = list_matching_ids(filters, BULK_LIMIT + 1)
    if len(ids) != promised or len(ids) > BULK_LIMIT:
        raise MatchChanged(promised=promised, found=len(ids))
    return ids


def approve_many(reward_ids: Sequence[int], admin_id: int, settings: Settings) -> BulkResult:
    """Approve each reward separately, so that a refused one does not stop the others; raise NothingChosen."""
    return _each(reward_ids, lambda reward_id: approve(reward_id, admin_id, settings), RewardStatus.APPROVED)


def retry_many(reward_ids: Sequence[int], admin_id: int, chain: AnyChain, settings: Settings) -> BulkResult:
    """Approve each failed reward again separately, sized at one price; raise NothingChosen."""
    # A price takes several calls of a node.
    market_of = cache(lambda currency: read_market(chain, settings, currency))
    return _each(
        reward_ids, lambda reward_id: _retry(reward_id, admin_id, market_of, settings), RewardStatus.APPROVED
    )


def reject_many(reward_ids: Sequence[int], reason: str, admin_id: int) -> BulkResult:
    """Reject each reward separately with one reason; raise NothingChosen or RejectionReasonMissing."""
    return _each(reward_ids, lambda reward_id: reject(reward_id, reason, admin_id), RewardStatus.REJECTED)


def _each(reward_ids: Sequence[int], decision: Callable[[int], ReferralReward], status: str) -> BulkResult:
    if not reward_ids:
        raise NothingChosen
    result = BulkResult()
    for reward_id in reward_ids:
        try:
            reward = decision(reward_id)
        except (
            RewardStatusConflict,
            RewardUnknown,
            OwnReward,
            AlreadyApprovedByYou,
            ReferenceUsed,
            RewardUnsizable,
            BudgetExhausted,
        ) as error:
            result.refused.setdefault(error.code, []).append(reward_id)
        else:
            (result.decided if reward.status == status else result.first_approvals).append(reward_id)
    result.decided_by = _deciders(result.refused.get(RewardStatusConflict.code, []))
    return result


def _deciders(reward_ids: Sequence[int]) -> list[str]:
    """Return the names of the admins who decided about these rewards."""
    decisions = EventLog.select(EventLog.actor_user_id).where(
        (EventLog.entity == "reward")
        & EventLog.entity_id.in_([str(reward_id) for reward_id in reward_ids])
        & EventLog.event.in_(("reward_approved", "reward_rejected", "reward_retried"))
    )
    people = User.select(User.name).where(User.id.in_(decisions)).order_by(User.id)
    return [person.name for person in people]


def _lock_payment(order_reference: str) -> PaymentTransaction | None:
    """Lock the payment of a reward, if it has one here; refunds take the same lock."""
    payment = find_payment(order_reference)
    if payment is None:
        return None
    lock_buyer(payment)
    return lock_payment(order_reference)


def _is_sized(reward: ReferralReward) -> bool:
    """Return whether a reward has a size in the token that the contract pays."""
    return bool(reward.reward_amount_wei) and reward.failure_reason != TOKEN_CHANGED


def _kept_size(reward: ReferralReward) -> Sized:
    return Sized(
        reward.reward_percent,
        reward.usd_value,
        reward.token_price_usd,
        reward.reward_amount_wei,
        None,
        reward.sizing,
        reward.campaign_usd,
    )


def _notify(reward: ReferralReward, kind: str, **params: object) -> None:
    values = {"orderReference": reward.order_reference, "amountWei": str(reward.reward_amount_wei), **params}
    notify(reward.referrer_user_id, kind, f"{kind}:{reward.id}:{reward.updated_at.isoformat()}", **values)
