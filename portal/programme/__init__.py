"""What a referral earns and when: percent, bonus, hold and approval. See docs/rules/programme.md."""

from portal.programme.queries import get_percent_policy, get_programme_at
from portal.programme.rules import (
    InvalidPercent,
    PaidSale,
    PercentPolicy,
    Programme,
    ReferralLine,
    RewardDecision,
    RewardRail,
    approvals_needed,
    approvals_rule,
    decide_reward,
    parse_percent,
    resolve_percent,
    resolve_referral_commission_percent,
    weighted_percent,
)

__all__ = [
    "InvalidPercent",
    "PaidSale",
    "PercentPolicy",
    "Programme",
    "ReferralLine",
    "RewardDecision",
    "RewardRail",
    "approvals_needed",
    "approvals_rule",
    "decide_reward",
    "get_percent_policy",
    "get_programme_at",
    "parse_percent",
    "resolve_percent",
    "resolve_referral_commission_percent",
    "weighted_percent",
]
