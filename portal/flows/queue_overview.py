"""What an admin weighs before deciding: the decision trace of each reward's order, and risk hints with their reason."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from models import Order, ReferralReward, User
from portal.db import query
from portal.rewards import list_approvals

MANY_IN_AN_HOUR = 5
_MANY_ORDERS = """
SELECT r.id, (SELECT count(*) FROM referral_rewards o WHERE o.ref_code = r.ref_code
    AND o.created_at BETWEEN r.created_at - interval '1 hour' AND r.created_at + interval '1 hour')
FROM referral_rewards r WHERE r.id = ANY(%s)
"""
_REFUNDED = """
SELECT o.referral_code, count(*) FILTER (WHERE p.status = 'refunded'), count(*)
FROM orders o JOIN payment_transactions p ON p.order_reference = o.order_reference
WHERE o.referral_code = ANY(%s) AND o.paid_at IS NOT NULL GROUP BY 1
"""


@dataclass(frozen=True)
class RiskHint:
    """Something worth a look; `code` is stable, `level` low, medium or high, `number` fills its sentence."""

    code: str
    level: str
    number: int = 0


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
    hints = _risk_hints(rewards)
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


def _risk_hints(rewards: Sequence[ReferralReward]) -> dict[int, list[RiskHint]]:
    found: dict[int, list[RiskHint]] = {}
    for reward in rewards:
        found[reward.id] = []
    _add_same_mailbox(rewards, found)
    for reward_id, orders in query(_MANY_ORDERS, [[reward.id for reward in rewards]]):
        if orders >= MANY_IN_AN_HOUR:
            found[reward_id].append(RiskHint("many_orders", "medium", orders))
    refunds = {code: (bad, every) for code, bad, every in query(_REFUNDED, [[r.ref_code for r in rewards]])}
    for reward in rewards:
        bad, every = refunds.get(reward.ref_code, (0, 0))
        if bad * 5 > every:
            found[reward.id].append(RiskHint("refund_rate", "medium", bad * 100 // every))
    return found


def _add_same_mailbox(rewards: Sequence[ReferralReward], found: dict[int, list[RiskHint]]) -> None:
    people = {reward.referrer_user_id for reward in rewards} | {reward.referee_user_id for reward in rewards}
    mailboxes = {
        row.id: mailbox(row.email)
        for row in User.select().where(User.id.in_(list(people - {None})))
        if row.email
    }
    for reward in rewards:
        buyer = mailboxes.get(reward.referee_user_id)
        if buyer is not None and buyer == mailboxes.get(reward.referrer_user_id):
            found[reward.id].append(RiskHint("same_mailbox", "high"))


def mailbox(email: str) -> str:
    """Return the mailbox an address leads to: without letter case, dots and +tags before the @."""
    local, _, domain = email.lower().rpartition("@")
    return f"{local.partition('+')[0].replace('.', '')}@{domain}"
