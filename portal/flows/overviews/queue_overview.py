"""What an admin considers before deciding about rewards: the decision trace of the order, and risk hints."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from models import ReferralReward, User
from portal.db import query
from portal.flows.overviews.risk_hints import RiskHint, risk_hints

_FACTS = """
SELECT NULL::bigint, NULL::bigint, NULL, order_reference, referral_trace FROM orders
WHERE order_reference = ANY(%(references)s)
UNION ALL
(SELECT a.reward_id, a.admin_user_id, u.name, NULL, NULL FROM reward_approvals a LEFT JOIN users u
    ON u.id = a.admin_user_id WHERE a.reward_id = ANY(%(ids)s) ORDER BY a.created_at)
"""


@dataclass(frozen=True)
class QueueFacts:
    """What the queue shows with a reward; `approved_by` is {admin: name}, the first to approve first."""

    trace: list[dict[str, Any]]
    hints: list[RiskHint]
    approved_by: dict[int, str]


def queue_facts(rewards: Sequence[ReferralReward]) -> dict[int, QueueFacts]:
    """Return the facts of rewards by id, in a fixed number of queries."""
    ids = [reward.id for reward in rewards]
    traces: dict[str, list[dict[str, Any]]] = {}
    approvals: dict[int, dict[int, str]] = {}
    references = [reward.order_reference for reward in rewards]
    for reward_id, admin_id, name, reference, trace in query(_FACTS, {"ids": ids, "references": references}):
        if reference is not None:
            traces[reference] = trace
        else:
            approvals.setdefault(reward_id, {})[admin_id] = name or "?"
    hints = risk_hints(rewards)
    return {
        reward.id: QueueFacts(
            traces.get(reward.order_reference, []), hints.get(reward.id, []), approvals.get(reward.id, {})
        )
        for reward in rewards
    }


def admin_names(user_ids: Sequence[int]) -> dict[int, str]:
    """Return the names of accounts by id."""
    return {row.id: row.name for row in User.select().where(User.id.in_(list(user_ids)))}
