"""Debits: what a referrer owes for minted tokens whose order was refunded. See docs/rules/refunds.md.

A debit is netted from a reward in the same token when the reward is approved, and by a job from rewards that were
approved before.
At least one wei stays with the reward, so that its reference still goes through the contract and can be audited
there. The netted part is released when the reward is rejected or shrinks below it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from peewee import fn

from models import ReferralReward, RewardDebit, RewardNetting
from portal.db import Actor, not_set_aside, query, record_event, transaction
from portal.rewards.mintable import WAITING_TO_MINT

NETTING_QUEUE = "netting"
# A debit is netted while the reward waits, also during its hold period: no mint may come first.
_LOCK_WAITING = f"""
    SELECT r.id FROM referral_rewards r WHERE r.id = %(id)s AND {WAITING_TO_MINT} FOR UPDATE SKIP LOCKED
"""  # noqa: S608
# A debit `d` that can be netted from a reward `r`: as many tokens of another kind are worth something else.
_NETTABLE = """
    d.referrer_user_id = r.referrer_user_id AND d.netted_wei < d.amount_wei AND d.reward_id <> r.id AND EXISTS (
        SELECT FROM referral_rewards owed WHERE owed.id = d.reward_id
            AND coalesce(lower(owed.reward_token) = lower(r.reward_token), true))
"""
_LIST_NETTABLE = f"""
    SELECT r.id FROM referral_rewards r
    WHERE {WAITING_TO_MINT} AND r.reward_amount_wei > 1 AND {not_set_aside(NETTING_QUEUE, "r.id")}
        AND EXISTS (SELECT FROM reward_debits d WHERE {_NETTABLE})
    ORDER BY r.created_at, r.id LIMIT %(limit)s
"""  # noqa: S608
_OPEN_DEBITS = f"""
    SELECT d.id FROM reward_debits d JOIN referral_rewards r ON r.id = %(id)s WHERE {_NETTABLE} ORDER BY d.id
"""  # noqa: S608


def lock_debits(referrer_user_id: int) -> None:
    """Lock a referrer's debits until the transaction ends; take this lock after all others except reward rows."""
    query("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"reward_debits:{referrer_user_id}"])


def open_debit(reward: ReferralReward, amount_wei: int, reason: str, actor: Actor) -> None:
    """Write a debit for a minted reward; the caller holds `lock_debits`."""
    debit_id = RewardDebit.insert(
        reward_id=reward.id,
        referrer_user_id=reward.referrer_user_id,
        amount_wei=amount_wei,
        reason=reason,
        order_reference=reward.order_reference,
    ).execute()
    _record(actor, reward, "reward_debited", amount_wei, debit_id, reason)


def net_debits(reward_id: int, actor: Actor) -> int:
    """Net open debits from a reward that waits to be minted, oldest first, and return the netted amount in wei."""
    with transaction():
        lock_debits(ReferralReward.get_by_id(reward_id).referrer_user_id)
        # A row that is locked is being minted or decided about; the job tries it again.
        if not query(_LOCK_WAITING, {"id": reward_id}):
            return 0
        reward = ReferralReward.get_by_id(reward_id)
        netted = 0
        for debit in _open_debits(reward):
            part = min(debit.amount_wei - debit.netted_wei, reward.reward_amount_wei - 1 - netted)
            if part > 0:
                _net(debit, reward, part, actor)
                netted += part
        if netted:
            _set_amounts(reward, reward.reward_amount_wei - netted, reward.netted_wei + netted)
    return netted


def release_nettings(reward: ReferralReward, amount_wei: int, actor: Actor) -> None:
    """Release netted parts of a reward to their debits, newest first; the caller locks and updates the reward."""
    left = amount_wei
    rows = RewardNetting.select().where(
        (RewardNetting.reward_id == reward.id) & RewardNetting.released_at.is_null()
    )
    for netting in rows.order_by(RewardNetting.id.desc()):
        part = min(left, netting.amount_wei)
        if part <= 0:
            return
        RewardNetting.update(released_at=fn.now()).where(RewardNetting.id == netting.id).execute()
        if part < netting.amount_wei:
            _insert_netting(netting.debit_id, reward.id, netting.amount_wei - part)
        RewardDebit.update(netted_wei=RewardDebit.netted_wei - part).where(
            RewardDebit.id == netting.debit_id
        ).execute()
        _record(actor, reward, "netting_released", part, netting.debit_id, None)
        left -= part


def release_all(reward: ReferralReward, actor: Actor) -> None:
    """Release everything that was netted from a rejected reward and restore its amount."""
    if not reward.netted_wei:
        return
    release_nettings(reward, reward.netted_wei, actor)
    _set_amounts(reward, reward.reward_amount_wei + reward.netted_wei, 0)


def debited_wei(reward_id: int) -> int:
    """Return the sum of a reward's debits in wei."""
    total = RewardDebit.select(fn.SUM(RewardDebit.amount_wei)).where(RewardDebit.reward_id == reward_id)
    return int(total.scalar() or 0)


def list_nettable_rewards(limit: int = 100) -> list[int]:
    """Return rewards that wait to be minted, oldest first, whose referrer has an open debit of another reward."""
    return [row[0] for row in query(_LIST_NETTABLE, {"limit": limit})]


_DEBTS = """
SELECT reward_id, is_netted, amount_wei, netted_wei, order_reference FROM (
    SELECT id, reward_id, false AS is_netted, amount_wei, netted_wei, order_reference FROM reward_debits
    WHERE reward_id = ANY(%(ids)s)
    UNION ALL
    SELECT n.id, n.reward_id, true, n.amount_wei, 0, d.order_reference
    FROM reward_nettings n JOIN reward_debits d ON d.id = n.debit_id
    WHERE n.reward_id = ANY(%(ids)s) AND n.released_at IS NULL
) AS debts ORDER BY is_netted, id
"""


@dataclass(frozen=True)
class NettedPart:
    """A part netted from a reward, in wei, and the reference whose refund it pays for."""

    amount_wei: int
    order_reference: str


@dataclass(frozen=True)
class OwedPart:
    """What a refund makes a referrer owe, and the part of it that later rewards have paid, in wei."""

    amount_wei: int
    netted_wei: int


@dataclass
class RewardDebts:
    """The debits that refunds of a reward caused, and the parts netted from it for other debits."""

    debits: list[OwedPart] = field(default_factory=list)
    kept_back: list[NettedPart] = field(default_factory=list)


def debts_by_reward(reward_ids: Sequence[int]) -> dict[int, RewardDebts]:
    """Return the debts of several rewards, oldest first; a reward without debts is absent."""
    debts: dict[int, RewardDebts] = {}
    for reward_id, is_netted, amount, netted, reference in query(_DEBTS, {"ids": list(reward_ids)}):
        of_reward = debts.setdefault(reward_id, RewardDebts())
        if is_netted:
            of_reward.kept_back.append(NettedPart(int(amount), reference))
        else:
            of_reward.debits.append(OwedPart(int(amount), int(netted)))
    return debts


def owed_wei(referrer_user_id: int) -> int:
    """Return what a referrer still owes, in wei."""
    total = RewardDebit.select(fn.SUM(RewardDebit.amount_wei - RewardDebit.netted_wei)).where(
        RewardDebit.referrer_user_id == referrer_user_id
    )
    return int(total.scalar() or 0)


def _open_debits(reward: ReferralReward) -> list[RewardDebit]:
    ids = [debit_id for (debit_id,) in query(_OPEN_DEBITS, {"id": reward.id})]
    return list(RewardDebit.select().where(RewardDebit.id.in_(ids)).order_by(RewardDebit.id)) if ids else []


def _net(debit: RewardDebit, reward: ReferralReward, part: int, actor: Actor) -> None:
    RewardDebit.update(netted_wei=RewardDebit.netted_wei + part).where(RewardDebit.id == debit.id).execute()
    _insert_netting(debit.id, reward.id, part)
    _record(actor, reward, "reward_netted", part, debit.id, debit.order_reference)


def _insert_netting(debit_id: int, reward_id: int, amount_wei: int) -> None:
    RewardNetting.insert(debit_id=debit_id, reward_id=reward_id, amount_wei=amount_wei).execute()


def _set_amounts(reward: ReferralReward, amount_wei: int, netted_wei: int) -> None:
    granted = fn.COALESCE(ReferralReward.granted_wei, ReferralReward.reward_amount_wei)
    ReferralReward.update(
        reward_amount_wei=amount_wei, netted_wei=netted_wei, granted_wei=granted, updated_at=fn.now()
    ).where(ReferralReward.id == reward.id).execute()


def _record(
    actor: Actor, reward: ReferralReward, event: str, wei: int, debit_id: int, reason: str | None
) -> None:
    record_event(
        actor,
        "reward",
        reward.id,
        event,
        reason=reason,
        order_reference=reward.order_reference,
        data={"amountWei": str(wei), "debit": debit_id},
    )
