"""Approve what the contract still owes for a reward that it paid otherwise than owed. See docs/rules/minting.md."""

from __future__ import annotations

from models import ReferralReward
from portal.chain import AnyChain, Chain, ChainAway, ChainNotConfigured, order_ref
from portal.chain.contract.proofs import prove_payments
from portal.db import Actor, database_now, transaction
from portal.flows.webhooks.publish import publish_rewards
from portal.lib.types import Wei
from portal.programme import approvals_rule
from portal.rewards import get_reward
from portal.rewards.errors import USED_REFERENCE, NothingMissing
from portal.rewards.mintable import payment_reference
from portal.rewards.operations import approve_missing
from portal.settings import Settings


def pay_missing(reward_id: int, admin_id: int, chain: AnyChain, settings: Settings) -> ReferralReward:
    """Approve a second payment, under `<order reference>#2` and so on, of what the referrer did not get.

    What counts as received is read from final blocks. Raises NothingMissing, ChainAway, ChainNotConfigured, and what
    `approve_missing` raises.
    """
    reward = get_reward(reward_id)
    if reward.failure_reason not in USED_REFERENCE:
        raise NothingMissing
    delivered = Wei(int(reward.delivered_wei) + _read_delivered(reward, chain))
    if reward.reward_amount_wei is None or delivered >= reward.reward_amount_wei:
        raise NothingMissing
    with transaction():
        approved = approve_missing(
            reward_id,
            reward.payment_number,
            delivered,
            Actor.user(admin_id),
            approvals_needed=approvals_rule(settings.referral_second_approval_usd),
        )
        publish_rewards([reward_id])
    return approved


def _read_delivered(reward: ReferralReward, chain: AnyChain) -> int:
    """Return the wei that the last payment of a reward brought to its referrer's wallet; raise ChainAway.

    A payment that cannot be proven now is not counted as nothing: its referrer would get the delivered part twice.
    """
    if not isinstance(chain, Chain):
        raise ChainNotConfigured(chain.reason)
    node = chain.node(database_now())
    ref = order_ref(payment_reference(reward.order_reference, reward.payment_number))
    final_block = node.block("finalized").number
    proof = prove_payments(node, chain.contract, [ref], final_block).get(ref)
    if proof is None:
        if chain.contract.paid(node, [ref], final_block) == [False]:
            return 0  # A reorganization took the payment back.
        raise ChainAway(f"{node.host} does not prove what was paid under {ref}", host=node.host)
    return proof.event.amount if proof.covers(reward.referrer_wallet, 0) else 0
