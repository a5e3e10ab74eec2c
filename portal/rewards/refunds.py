"""Reduce a reward to what the refunds of its order leave; running it again changes nothing more.

See docs/rules/refunds.md.
"""

from __future__ import annotations

from dataclasses import dataclass

from peewee import fn

from models import ReferralReward
from portal.db import Actor, move_status, not_set_aside, query, record_event, transaction
from portal.rewards.debits import debited_wei, lock_debits, open_debit, release_all, release_nettings
from portal.rewards.rules import refund_target
from portal.rewards.status_rules import TRANSITIONS, UNSENT, RewardStatus

REFUNDED = "refunded"
DUE_REFUND_QUEUE = "due_refunds"


@dataclass(frozen=True)
class RewardRefunded:
    """The effect of a refund on a reward: `kind` is reduced, rejected, debited or due; `amount_wei` is its size."""

    kind: str
    reward: ReferralReward
    amount_wei: int


def refund_reward(
    order_reference: str, total_minor: int, refunded_minor: int, actor: Actor
) -> RewardRefunded | None:
    """Reduce or reject a reward that is not minted, debit a minted one, and postpone the refund of a minting one.

    The caller has locked the payment. Returns None when nothing had to change.
    """
    with transaction():
        known = ReferralReward.get_or_none(ReferralReward.order_reference == order_reference)
        if known is None:
            return None
        lock_debits(known.referrer_user_id)
        reward = ReferralReward.select().where(ReferralReward.id == known.id).for_update().get()
        if reward.status == RewardStatus.MINTING:
            return _postpone(reward, actor)
        _clear_due(reward)
        if reward.status == RewardStatus.REJECTED:
            return None
        if reward.reward_amount_wei is None:
            return _reject(reward, actor) if refunded_minor == total_minor else None
        return _apply_refunds(reward, total_minor, refunded_minor, actor)


def list_due_references(limit: int = 100) -> list[str]:
    """Return the references of rewards with a postponed refund that are not `minting` any more."""
    rows = query(
        f"""SELECT order_reference FROM referral_rewards WHERE refund_due AND status <> %s
            AND {not_set_aside(DUE_REFUND_QUEUE, "order_reference")} ORDER BY id LIMIT %s""",  # noqa: S608 - a constant
        [RewardStatus.MINTING, limit],
    )
    return [row[0] for row in rows]


def is_refund_due(order_reference: str) -> bool:
    """Return whether the refund of a reference is still postponed although its mint has ended."""
    rows = ReferralReward.select().where(
        (ReferralReward.order_reference == order_reference)
        & ReferralReward.refund_due
        & (ReferralReward.status != RewardStatus.MINTING)
    )
    return rows.exists()


def _apply_refunds(
    reward: ReferralReward, total_minor: int, refunded_minor: int, actor: Actor
) -> RewardRefunded | None:
    granted = reward.granted_wei or reward.reward_amount_wei
    target = refund_target(granted, total_minor, refunded_minor)
    debited = debited_wei(reward.id)
    surplus = reward.reward_amount_wei + reward.netted_wei - debited - target
    if surplus <= 0:
        return None
    if reward.status not in UNSENT:
        ReferralReward.update(granted_wei=granted).where(ReferralReward.id == reward.id).execute()
        open_debit(reward, surplus, REFUNDED, actor)
        return RewardRefunded("debited", reward, surplus)
    if target == 0 and debited == 0:
        return _reject(reward, actor)
    # A debited mint may have been undone by a reorganisation: what the debit takes is paid again.
    return _reduce(reward, max(1, target + debited), granted, actor)


def _reduce(reward: ReferralReward, worth: int, granted: int, actor: Actor) -> RewardRefunded | None:
    netted = min(reward.netted_wei, worth - 1)
    release_nettings(reward, reward.netted_wei - netted, actor)
    lost = reward.reward_amount_wei + reward.netted_wei - worth
    if lost <= 0:
        return None
    ReferralReward.update(
        reward_amount_wei=worth - netted, netted_wei=netted, granted_wei=granted, updated_at=fn.now()
    ).where((ReferralReward.id == reward.id) & (ReferralReward.status == reward.status)).execute()
    record_event(
        actor,
        "reward",
        reward.id,
        "reward_reduced",
        reason=REFUNDED,
        order_reference=reward.order_reference,
        data={"fromWei": str(reward.reward_amount_wei), "toWei": str(worth - netted)},
    )
    return RewardRefunded("reduced", ReferralReward.get_by_id(reward.id), lost)


def _reject(reward: ReferralReward, actor: Actor) -> RewardRefunded:
    move_status(
        ReferralReward,
        reward.id,
        TRANSITIONS["reject"],
        entity="reward",
        actor=actor,
        reason=REFUNDED,
        failure_reason=REFUNDED,
    )
    release_all(reward, actor)
    return RewardRefunded("rejected", ReferralReward.get_by_id(reward.id), reward.reward_amount_wei or 0)


def _postpone(reward: ReferralReward, actor: Actor) -> RewardRefunded | None:
    if reward.refund_due:
        return None
    ReferralReward.update(refund_due=True).where(ReferralReward.id == reward.id).execute()
    record_event(actor, "reward", reward.id, "reward_refund_due", order_reference=reward.order_reference)
    return RewardRefunded("due", reward, 0)


def _clear_due(reward: ReferralReward) -> None:
    if reward.refund_due:
        ReferralReward.update(refund_due=False).where(ReferralReward.id == reward.id).execute()
