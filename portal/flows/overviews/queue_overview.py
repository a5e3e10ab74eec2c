"""What an admin considers before deciding about rewards: the decision trace of the order, and risk hints."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from models import Order, ReferralReward, RewardApproval, User
from portal.db import read_together
from portal.flows.overviews.risk_hints import RiskHint, risk_hints


@dataclass(frozen=True)
class QueueFacts:
    """What the queue shows with a reward; `approved_by` is {admin: name}, the first to approve first."""

    order: Order | None
    hints: list[RiskHint]
    approved_by: dict[int, str]


def queue_facts(rewards: Sequence[ReferralReward]) -> dict[int, QueueFacts]:
    """Return the facts of rewards by id, in a fixed number of queries."""
    ids = [reward.id for reward in rewards]
    references = [reward.order_reference for reward in rewards]
    name_of = User.select(User.name).where(User.id == RewardApproval.admin_user_id)
    order_rows, approval_rows = read_together(
        Order.select().where(Order.order_reference.in_(references)),
        RewardApproval.select(RewardApproval, name_of.alias("name"))
        .where(RewardApproval.reward_id.in_(ids))
        .order_by(RewardApproval.created_at),
    )
    orders = {row.order_reference: row for row in order_rows}
    approvals: dict[int, dict[int, str]] = {}
    for row in approval_rows:
        approvals.setdefault(row.reward_id, {})[row.admin_user_id] = row.name or "?"
    hints = risk_hints(rewards)
    return {
        reward.id: QueueFacts(
            orders.get(reward.order_reference), hints.get(reward.id, []), approvals.get(reward.id, {})
        )
        for reward in rewards
    }


def admin_names(user_ids: Sequence[int]) -> dict[int, str]:
    """Return the names of accounts by id."""
    return {row.id: row.name for row in User.select().where(User.id.in_(list(user_ids)))}
