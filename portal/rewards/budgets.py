"""Budgets in USD per month and per campaign: every way to `approved` passes here. See docs/rules/programme.md.

A reward uses a budget while it is approved, being minted or minted; the trigger in `sql/functions/22_budget_uses.sql`
keeps account, whatever changes the status. Lock a budget after the debits and the reward.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from peewee import fn

from models import ReferralReward
from portal.db import not_set_aside, query
from portal.lib.errors import PortalError
from portal.rewards.status_rules import RewardStatus

# The first of the month of this transaction, so that the lock, the check and the reward agree.
_MONTH = "SELECT date_trunc('month', now() AT TIME ZONE 'UTC')::date"
_MONTH_LIMIT = """
SELECT (rules ->> 'budgetUsd')::numeric FROM programme_versions
WHERE starts_at <= now() AND (ends_at IS NULL OR ends_at > now())
"""
_CAMPAIGN_LIMIT = "SELECT budget_usd FROM programme_campaigns WHERE id = %s"
_USED = """
SELECT scope, sum(usd) FROM (
    SELECT scope, usd FROM budget_totals WHERE scope = ANY(%(scopes)s)
    UNION ALL SELECT scope, usd FROM budget_deltas WHERE scope = ANY(%(scopes)s)
) AS parts GROUP BY 1
"""
_FOLD = """
WITH gone AS (DELETE FROM budget_deltas RETURNING scope, usd)
INSERT INTO budget_totals AS t (scope, usd) SELECT scope, sum(usd) FROM gone GROUP BY scope
ON CONFLICT (scope) DO UPDATE SET usd = t.usd + excluded.usd
RETURNING t.scope
"""


class BudgetExhausted(PortalError):
    """The reward would exceed a budget; params budget (month or campaign), limit and used in USD."""

    code = "budget_exhausted"


# The queue of the job that approves rewards once a budget has room again.
BUDGET_QUEUE = "budget_waits"
_MOST_WAITING = 5_000
_WAITING = f"""
SELECT id FROM referral_rewards r
WHERE waits_for_budget AND status = 'pending_approval' AND {not_set_aside(BUDGET_QUEUE, "r.id")}
ORDER BY created_at, id LIMIT {_MOST_WAITING}
"""  # noqa: S608 - constants


@dataclass(frozen=True)
class BudgetClaim:
    """What a reward would use: its value in USD, None if unknown, and the part of it that a campaign pays."""

    usd_value: Decimal | None
    campaign_id: int | None = None
    campaign_usd: Decimal | None = None

    @classmethod
    def of(cls, reward: ReferralReward) -> BudgetClaim:
        return cls(reward.usd_value, reward.campaign_id, reward.campaign_usd)


def reserve_budget(claim: BudgetClaim) -> date:
    """Lock the budgets of a reward that is approved in this transaction; return the month whose budget it uses.

    Raise BudgetExhausted if it would exceed one. An unknown value exceeds every budget.
    """
    month: date = query(_MONTH)[0][0]
    limit = next((row[0] for row in query(_MONTH_LIMIT)), None)
    _reserve("month", month_scope(month), claim.usd_value, limit)
    if claim.campaign_id is not None:
        own = next((row[0] for row in query(_CAMPAIGN_LIMIT, [claim.campaign_id])), None)
        _reserve("campaign", campaign_scope(claim.campaign_id), claim.campaign_usd, own)
    return month


def month_scope(month: date) -> str:
    """Return the name of a month's budget."""
    return f"month:{month:%Y-%m}"


def campaign_scope(campaign_id: int) -> str:
    """Return the name of a campaign's budget."""
    return f"campaign:{campaign_id}"


def budget_used(scope: str) -> Decimal:
    """Return what approved rewards have used of a budget, in USD."""
    return budgets_used([scope])[scope]


def budgets_used(scopes: Sequence[str]) -> dict[str, Decimal]:
    """Return what approved rewards have used of each of some budgets, in USD."""
    return dict.fromkeys(scopes, Decimal(0)) | dict(query(_USED, {"scopes": list(scopes)}))


def list_waiting_for_budget() -> list[int]:
    """Return the rewards that would be approved without an admin but for a budget, oldest first, at most 5,000."""
    return [row[0] for row in query(_WAITING)]


def set_budget_wait(reward_id: int, waits: bool) -> bool:
    """Note whether a pending reward waits for a budget only; return whether that changed."""
    row = (ReferralReward.id == reward_id) & (ReferralReward.status == RewardStatus.PENDING_APPROVAL)
    changes = ReferralReward.update(waits_for_budget=waits, updated_at=fn.now())
    return bool(changes.where(row & (ReferralReward.waits_for_budget != waits)).execute())


def fold_budgets() -> int:
    """Add the recorded differences to the totals and return how many budgets changed."""
    return len(query(_FOLD))


def _reserve(budget: str, scope: str, usd: Decimal | None, limit: Decimal | None) -> None:
    # Shared where there is no limit: the first approval under a new one waits for those that saw none.
    lock = "pg_advisory_xact_lock_shared" if limit is None else "pg_advisory_xact_lock"
    query(f"SELECT {lock}(hashtextextended(%s, 0))", [f"budget:{scope}"])
    if limit is None:
        return
    used = budget_used(scope)
    if usd is None or used + usd > limit:
        raise BudgetExhausted(budget=budget, limit=limit, used=used)
