"""An admin's decisions about rewards, one or many: approve, reject with a reason, retry what failed (SPEC 5)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from models import EventLog, PaymentTransaction, ReferralReward, User
from portal.chain import AnyChain
from portal.db import Actor, transaction
from portal.flows.checkout.lock_buyer import lock_buyer
from portal.flows.checkout.size_reward import read_market, size_again
from portal.flows.refunds.refund_payment import refund_rails
from portal.lib.errors import PortalError
from portal.notifications import notify
from portal.payments import find_payment, lock_payment
from portal.programme import approvals_needed
from portal.rewards import (
    AlreadyApprovedByYou,
    OwnReward,
    RewardFilter,
    RewardStatusConflict,
    RewardUnknown,
    Sized,
    approve_reward,
    get_reward,
    list_matching_ids,
    reject_reward,
    retry_reward,
)
from portal.settings import Settings

BULK_LIMIT = 1_000


class RewardUnsizable(PortalError):
    """The reward still cannot be sized; `reason` is the code of why."""

    code = "reward_unsizable"


class MatchChanged(PortalError):
    """The rewards a filter matches are no longer as many as the admin was told; `promised` and `found` are counts."""

    code = "match_changed"


class NothingChosen(PortalError):
    """No reward was chosen for a decision about many."""

    code = "nothing_chosen"


@dataclass
class BulkResult:
    """What a decision about many did: ids decided, waiting for a second admin, and refused by error code."""

    decided: list[int] = field(default_factory=list)
    first_approvals: list[int] = field(default_factory=list)
    refused: dict[str, list[int]] = field(default_factory=dict)
    decided_by: list[str] = field(default_factory=list)


def approve(reward_id: int, admin_id: int, settings: Settings) -> ReferralReward:
    """Approve a waiting reward and tell its referrer once it is approved; raise what `approve_reward` raises."""
    with transaction():
        needed = _approvals_needed(get_reward(reward_id), settings)
        reward = approve_reward(reward_id, Actor.user(admin_id), approvals_needed=needed)
        if reward.status == "approved":
            _tell(reward, "referral_reward_approved")
    return reward


def reject(reward_id: int, reason: str, admin_id: int) -> ReferralReward:
    """Refuse a reward with a reason and tell its referrer; raise what `reject_reward` raises."""
    with transaction():
        reward = reject_reward(reward_id, reason, Actor.user(admin_id))
        _tell(reward, "referral_reward_rejected", reason=reward.failure_reason)
    return reward


def retry(reward_id: int, admin_id: int, chain: AnyChain, settings: Settings) -> ReferralReward:
    """Approve a failed reward again, sized anew when it had no size, less what its order's refunds take.

    Raises RewardUnsizable when it still has none, and what `retry_reward` raises.
    """
    reward = get_reward(reward_id)
    market = None if reward.reward_amount_wei else read_market(chain, settings, reward.currency)
    actor = Actor.user(admin_id)
    with transaction():
        payment = _lock_payment(reward.order_reference)
        # Read again: a refund may have reduced it meanwhile.
        reward = get_reward(reward_id)
        sized = size_again(reward, market) if market else _kept_size(reward)
        if sized.failure_reason and reward.status == "failed":
            raise RewardUnsizable(reason=sized.failure_reason)
        needed = _approvals_needed(reward, settings)
        reward = retry_reward(reward_id, sized, actor, approvals_needed=needed)
        if payment is not None and reward.status == "approved":
            refund_rails(payment, actor)
    return get_reward(reward_id)


def choose_matching(wanted: RewardFilter, promised: int) -> list[int]:
    """Return the ids of all rewards a filter matches; raise MatchChanged unless they are as many as promised."""
    ids = list_matching_ids(wanted, BULK_LIMIT + 1)
    if len(ids) != promised or len(ids) > BULK_LIMIT:
        raise MatchChanged(promised=promised, found=len(ids))
    return ids


def approve_many(reward_ids: Sequence[int], admin_id: int, settings: Settings) -> BulkResult:
    """Approve each reward by itself, so that one which cannot be leaves the others; raise NothingChosen."""
    return _each(reward_ids, lambda reward_id: approve(reward_id, admin_id, settings), "approved")


def reject_many(reward_ids: Sequence[int], reason: str, admin_id: int) -> BulkResult:
    """Refuse each reward by itself with one reason; raise NothingChosen or RejectionReasonMissing."""
    return _each(reward_ids, lambda reward_id: reject(reward_id, reason, admin_id), "rejected")


def _each(reward_ids: Sequence[int], decision: Callable[[int], ReferralReward], status: str) -> BulkResult:
    if not reward_ids:
        raise NothingChosen
    result = BulkResult()
    for reward_id in reward_ids:
        try:
            reward = decision(reward_id)
        except (RewardStatusConflict, RewardUnknown, OwnReward, AlreadyApprovedByYou) as error:
            result.refused.setdefault(error.code, []).append(reward_id)
        else:
            (result.decided if reward.status == status else result.first_approvals).append(reward_id)
    result.decided_by = _deciders(result.refused.get(RewardStatusConflict.code, []))
    return result


def _deciders(reward_ids: Sequence[int]) -> list[str]:
    """Return the names of the people who decided about these rewards, by name."""
    decisions = EventLog.select(EventLog.actor_user_id).where(
        (EventLog.entity == "reward")
        & EventLog.entity_id.in_([str(reward_id) for reward_id in reward_ids])
        & EventLog.event.in_(("reward_approved", "reward_rejected", "reward_retried"))
    )
    people = User.select(User.name).where(User.id.in_(decisions)).order_by(User.name)
    return [person.name for person in people]


def _approvals_needed(reward: ReferralReward, settings: Settings) -> int:
    return approvals_needed(reward.usd_value, settings.referral_second_approval_usd)


def _lock_payment(order_reference: str) -> PaymentTransaction | None:
    """Hold a reward's payment, where there is one here: refunds take the same lock."""
    known = find_payment(order_reference)
    if known is None:
        return None
    lock_buyer(known)
    return lock_payment(order_reference)


def _kept_size(reward: ReferralReward) -> Sized:
    return Sized(
        reward.reward_percent,
        reward.usd_value,
        reward.token_price_usd,
        reward.reward_amount_wei,
        None,
        reward.sizing,
    )


def _tell(reward: ReferralReward, kind: str, **params: object) -> None:
    told = {"orderReference": reward.order_reference, "amountWei": str(reward.reward_amount_wei), **params}
    notify(reward.referrer_user_id, kind, f"{kind}:{reward.id}:{reward.updated_at.isoformat()}", **told)
