"""Withdraw a reward that nobody has decided about, because its order was not the first purchase after all.

See docs/rules/stores.md.
"""

from __future__ import annotations

from decimal import Decimal

from models import ReferralReward, RewardApproval
from portal.db import Actor, record_event, transaction
from portal.lib.money import decimal_text
from portal.rewards.status_rules import RewardStatus


def withdraw_reward(order_reference: str, reason: str, actor: Actor) -> bool:
    """Remove an undecided reward; return whether the reference has no reward now that could be paid.

    A reward that an admin, a rule or a job acted on stays. The event keeps what is removed.
    """
    with transaction():
        rows = ReferralReward.select().where(ReferralReward.order_reference == order_reference)
        reward: ReferralReward | None = rows.for_update().first()
        if reward is None or reward.status == RewardStatus.REJECTED:
            return True
        if not _is_undecided(reward):
            return False
        record_event(
            actor,
            "reward",
            reward.id,
            "reward_withdrawn",
            from_status=reward.status,
            reason=reason,
            order_reference=order_reference,
            data={
                "code": reward.ref_code,
                "amountWei": str(reward.reward_amount_wei or 0),
                "usdValue": decimal_text(reward.usd_value or Decimal(0), 18),
            },
        )
        reward.delete_instance()
    return True


def _is_undecided(reward: ReferralReward) -> bool:
    # A reward that could not be sized has no amount, and nothing was ever sent for it.
    is_waiting = reward.status == RewardStatus.PENDING_APPROVAL or (
        reward.status == RewardStatus.FAILED and reward.reward_amount_wei is None
    )
    has_approval = RewardApproval.select().where(RewardApproval.reward_id == reward.id).exists()
    return is_waiting and not has_approval and not reward.netted_wei
