"""Rewards of a store's customer move to the account that is connected, and get its wallet.

See docs/rules/stores.md.
"""

from __future__ import annotations

from collections.abc import Collection

from peewee import JOIN, fn

from models import ProgrammeCampaign, ProgrammeVersion, ReferralReward, RewardApproval
from portal.db import Actor, record_event, transaction
from portal.rewards.debits import lock_debits
from portal.rewards.status_rules import RewardStatus


def list_references_of_buyer(code: str, referrer_user_id: int, buyer_user_id: int) -> list[str]:
    """Return the references of rewards that a referrer earned with a code from purchases of an account."""
    rows = ReferralReward.select(ReferralReward.order_reference).where(
        (ReferralReward.ref_code == code)
        & (ReferralReward.referrer_user_id == referrer_user_id)
        & (ReferralReward.referee_user_id == buyer_user_id)
    )
    return [row.order_reference for row in rows.order_by(ReferralReward.id)]


def list_references_approved_by(code: str, referrer_user_id: int, admin_id: int) -> list[str]:
    """Return the references of a referrer's rewards for a code that an admin approved.

    Alone, with another one, or by a version or a campaign of the programme that the admin wrote.
    """
    rows = ReferralReward.select(ReferralReward.order_reference).join(
        RewardApproval, JOIN.LEFT_OUTER, on=(RewardApproval.reward_id == ReferralReward.id)
    )
    approved = (ReferralReward.approved_by == admin_id) | (RewardApproval.admin_user_id == admin_id)
    versions = ProgrammeVersion.select(ProgrammeVersion.id).where(ProgrammeVersion.created_by == admin_id)
    campaigns = ProgrammeCampaign.select(ProgrammeCampaign.id).where(ProgrammeCampaign.created_by == admin_id)
    by_rule = ReferralReward.approved_at.is_null(False) & ReferralReward.approved_by.is_null()
    own_rule = ReferralReward.programme_version_id.in_(versions) | ReferralReward.campaign_id.in_(campaigns)
    mine = (ReferralReward.ref_code == code) & (ReferralReward.referrer_user_id == referrer_user_id)
    return [row.order_reference for row in rows.where(mine & (approved | (by_rule & own_rule))).distinct()]


def move_rewards(code: str, sender: int, receiver: int, actor: Actor, *, but: Collection[str]) -> int:
    """Move the rewards of a code without a wallet to another referrer, except some references; return how many."""
    with transaction():
        lock_debits(receiver)
        mine = (ReferralReward.ref_code == code) & (ReferralReward.referrer_user_id == sender)
        movable = mine & (ReferralReward.referrer_wallet == "")
        rows = ReferralReward.update(referrer_user_id=receiver, updated_at=fn.now()).where(
            movable & ReferralReward.order_reference.not_in(list(but)) if but else movable
        )
        moved = list(rows.returning(ReferralReward.id, ReferralReward.order_reference).execute())
        _record(moved, "reward_moved", actor, {"from": sender, "to": receiver})
    return len(moved)


def set_reward_wallets(
    code: str, referrer_user_id: int, wallet: str, actor: Actor, *, but: Collection[str]
) -> int:
    """Set the wallet of a referrer's unminted rewards for a code that have none, except some references.

    `wallet` is in stored form. Return how many rewards there were.
    """
    with transaction():
        waiting = (
            (ReferralReward.ref_code == code)
            & (ReferralReward.referrer_user_id == referrer_user_id)
            & (ReferralReward.referrer_wallet == "")
            & ReferralReward.status.not_in([RewardStatus.MINTING, RewardStatus.MINTED])
        )
        rows = ReferralReward.update(referrer_wallet=wallet, updated_at=fn.now()).where(
            waiting & ReferralReward.order_reference.not_in(list(but)) if but else waiting
        )
        changed = list(rows.returning(ReferralReward.id, ReferralReward.order_reference).execute())
        _record(changed, "reward_wallet_set", actor, {"wallet": wallet})
    return len(changed)


def _record(rewards: Collection[ReferralReward], event: str, actor: Actor, data: dict[str, object]) -> None:
    for reward in rewards:
        record_event(actor, "reward", reward.id, event, order_reference=reward.order_reference, data=data)
