"""An admin's decisions about rewards: approve, reject with a reason, retry what failed (SPEC section 5)."""

from __future__ import annotations

from models import ReferralReward
from portal.chain import AnyChain
from portal.db import Actor, transaction
from portal.flows.size_reward import read_market, size_again
from portal.lib.errors import PortalError
from portal.notices import notify
from portal.rewards import Sized, approve_reward, get_reward, reject_reward, retry_reward
from portal.settings import Settings


class RewardUnsizable(PortalError):
    """The reward still cannot be sized; `reason` is the code of why."""

    code = "reward_unsizable"


def approve(reward_id: int, admin_id: int) -> ReferralReward:
    """Approve a waiting reward and tell its referrer; raise what `approve_reward` raises."""
    with transaction():
        reward = approve_reward(reward_id, Actor.user(admin_id))
        _tell(reward, "referral_reward_approved")
    return reward


def reject(reward_id: int, reason: str, admin_id: int) -> ReferralReward:
    """Refuse a reward with a reason and tell its referrer; raise what `reject_reward` raises."""
    with transaction():
        reward = reject_reward(reward_id, reason, Actor.user(admin_id))
        _tell(reward, "referral_reward_rejected", reason=reward.failure_reason)
    return reward


def retry(reward_id: int, admin_id: int, chain: AnyChain, settings: Settings) -> ReferralReward:
    """Approve a failed reward again, sized anew when it had no size; raise RewardUnsizable when it still has none."""
    reward = get_reward(reward_id)
    sized = (
        _kept_size(reward)
        if reward.reward_amount_wei
        else size_again(reward, read_market(chain, settings, reward.currency))
    )
    if sized.failure_reason and reward.status == "failed":
        raise RewardUnsizable(reason=sized.failure_reason)
    return retry_reward(reward_id, sized, Actor.user(admin_id))


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
