"""What an admin considers before deciding about rewards: the decision trace of the order, and risk hints."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from models import Order, ReferralReward, User
from portal.flows.overviews.risk_hints import RiskHint, risk_hints
from portal.rewards import list_approvals


@dataclass(frozen=True)
class QueueFacts:
    """What the queue shows with a reward."""

    order: Order | None
    hints: list[RiskHint]
    approved_by: list[int]


def queue_facts(rewards: Sequence[ReferralReward]) -> dict[int, QueueFacts]:
    """Return the facts of rewards by id, in a fixed number of queries."""
    ids = [reward.id for reward in rewards]
    references = [reward.order_reference for reward in rewards]
    orders = {row.order_reference: row for row in Order.select().where(Order.order_reference.in_(references))}
    hints = risk_hints(rewards)
    approvals = list_approvals(ids)
    return {
        reward.id: QueueFacts(
            orders.get(reward.order_reference), hints.get(reward.id, []), approvals.get(reward.id, [])
        )
        for reward in rewards
    }


def admin_names(user_ids: Sequence[int]) -> dict[int, str]:
    """Return the names of accounts by id."""
    return {row.id: row.name for row in User.select().where(User.id.in_(list(user_ids)))}
