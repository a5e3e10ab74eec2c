"""What an admin weighs before deciding: the decision trace of each reward's order, and risk hints with their reason."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from models import Order, ReferralReward, User
from portal.flows.overviews.risk_hints import RiskHint, risk_hints
from portal.rewards import list_approvals


@dataclass(frozen=True)
class QueueFacts:
    """What the queue shows beside a reward."""

    order: Order | None
    hints: list[RiskHint]
    approved_by: list[int]


def queue_facts(rewards: Sequence[ReferralReward]) -> dict[int, QueueFacts]:
    """Gather the facts of a page of rewards in a handful of queries, whatever its length."""
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
    """Return the names of some accounts."""
    return {row.id: row.name for row in User.select().where(User.id.in_(list(user_ids)))}
