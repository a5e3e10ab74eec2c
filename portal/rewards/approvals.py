"""Approvals of different admins that a reward needs before it is approved. See docs/rules/rewards.md."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from models import ReferralReward, RewardApproval
from portal.db import Actor, record_event
from portal.rewards.errors import AlreadyApprovedByYou, OwnReward, RewardStatusConflict, RewardUnknown
from portal.rewards.status_rules import TRANSITIONS

# How many different admins must approve a reward of this value in USD; None is an unknown value.
ApprovalsNeeded = Callable[[Decimal | None], int]


def lock_for_decision(reward_id: int, verb: str, actor: Actor) -> ReferralReward:
    """Lock and return a reward that the actor may decide about.

    Raises RewardUnknown, OwnReward or RewardStatusConflict.
    """
    row = ReferralReward.select().where(ReferralReward.id == reward_id).for_update()
    reward: ReferralReward | None = row.first()
    if reward is None:
        raise RewardUnknown
    if actor.user_id is not None and reward.referrer_user_id == actor.user_id:
        raise OwnReward
    if reward.status not in TRANSITIONS[verb].from_statuses:
        raise RewardStatusConflict(status=reward.status)
    return reward


def add_approval(reward: ReferralReward, usd_value: Decimal | None, actor: Actor, needed: int) -> bool:
    """Count the actor's approval of a locked reward at this value; return whether it has enough.

    Approvals count for one decision, so the one that completes it removes the earlier ones. Raises
    AlreadyApprovedByYou.
    """
    if actor.user_id is None:
        # Only people add up to two; what is not a person never approves above the limit.
        return needed <= 1
    rows = RewardApproval.select().where(RewardApproval.reward_id == reward.id)
    approvals = {row.admin_user_id for row in rows}
    if len(approvals | {actor.user_id}) >= needed:
        RewardApproval.delete().where(RewardApproval.reward_id == reward.id).execute()
        return True
    if actor.user_id in approvals:
        raise AlreadyApprovedByYou
    RewardApproval.insert(reward_id=reward.id, admin_user_id=actor.user_id).execute()
    record_event(
        actor,
        "reward",
        reward.id,
        "reward_first_approved",
        order_reference=reward.order_reference,
        data={"usdValue": None if usd_value is None else f"{usd_value:f}"},
    )
    return False
