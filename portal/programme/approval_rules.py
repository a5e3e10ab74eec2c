"""Decide whether a reward may be approved without an admin; pure. See docs/rules/programme.md."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from portal.programme.version_rules import ApprovalConditions


@dataclass(frozen=True)
class ApprovalFacts:
    """What the conditions of an approval are about.

    `usd_value` is None if it is unknown; `referrer_days` is the whole days since the referrer's account was created;
    `customer_known` says whether the buyer would be recognized at another order.
    """

    usd_value: Decimal | None
    risk_hints: int
    referrer_days: int
    referrer_minted: int
    customer_known: bool


def unmet_conditions(conditions: ApprovalConditions, facts: ApprovalFacts) -> tuple[str, ...]:
    """Return the names of the conditions that do not hold; an unknown value is above every amount."""
    usd = facts.usd_value
    is_met = {
        "max_usd": conditions.max_usd is None or (usd is not None and usd <= conditions.max_usd),
        "no_risk_hint": not conditions.no_risk_hint or facts.risk_hints == 0,
        "referrer_days": facts.referrer_days >= (conditions.referrer_days or 0),
        "referrer_minted": facts.referrer_minted >= (conditions.referrer_minted or 0),
        "customer_known": not conditions.customer_known or facts.customer_known,
    }
    return tuple(name for name, holds in is_met.items() if not holds)
