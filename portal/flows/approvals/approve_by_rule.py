"""Approve rewards without an admin where the programme allows it. See docs/rules/programme.md."""

from __future__ import annotations

from decimal import Decimal

from models import Order, ReferralReward
from portal.accounts import get_user
from portal.db import Actor, record_event, transaction, work_through
from portal.flows.approvals.decide_reward import approve_as
from portal.flows.checkout.credit_givers import has_given_credit
from portal.flows.overviews.risk_hints import risk_hints
from portal.lib.clock import utc_now
from portal.programme import ApprovalFacts, Programme, get_version, needs_an_admin, unmet_conditions
from portal.rewards import (
    BUDGET_QUEUE,
    BudgetExhausted,
    RewardStatus,
    RewardStatusConflict,
    get_reward,
    list_waiting_for_budget,
    reward_totals,
    set_budget_wait,
)
from portal.settings import Settings
from portal.stores import is_known_customer


def is_attended(
    usd_value: Decimal | None, referrer_user_id: int, referee_user_id: int | None, settings: Settings
) -> bool:
    """Return whether an admin looks at a reward whatever the programme says. See docs/rules/second_admin.md."""
    return needs_an_admin(usd_value, settings.referral_unattended_approval_usd) or has_given_credit(
        referrer_user_id, referee_user_id
    )


def approve_by_rule(reward_id: int, settings: Settings) -> bool:
    """Approve a pending reward if all conditions of its version hold; return whether it is approved.

    The actor is the version. A reward that an admin has to see waits for one; one that would exceed a budget waits
    until there is room.
    """
    with transaction():
        reward = get_reward(reward_id)
        version_id = reward.programme_version_id
        actor = Actor(f"programme:{version_id}")
        unmet = _unmet(reward, settings)
        if unmet:
            _record(reward, "reward_rule_declined", actor, {"unmet": unmet})
            set_budget_wait(reward_id, False)
            return False
        try:
            with transaction():
                return approve_as(reward_id, actor, settings).status == RewardStatus.APPROVED
        except BudgetExhausted:
            if set_budget_wait(reward_id, True):
                _record(reward, "reward_waits_for_budget", actor, {})
        except RewardStatusConflict:  # An admin has decided meanwhile.
            return False
    return False


def approve_waiting(settings: Settings) -> int:
    """Approve rewards that only a budget kept waiting, oldest first, where there is room now; return how many."""
    approved: list[int] = []

    def work(reward_id: int) -> None:
        if approve_by_rule(reward_id, settings):
            approved.append(reward_id)

    work_through(BUDGET_QUEUE, list_waiting_for_budget(), int, work)
    return len(approved)


def _unmet(reward: ReferralReward, settings: Settings) -> list[str]:
    """Return why a reward may not be approved without an admin now."""
    if is_attended(reward.usd_value, reward.referrer_user_id, reward.referee_user_id, settings):
        return ["attended"]
    if reward.programme_version_id is None:  # imported
        return ["manual"]
    version = get_version(reward.programme_version_id)
    if reward.referrer_user_id in _authors(reward, version):
        return ["own_rule"]
    approval = version.rules.approval
    mode = approval.fiat if reward.rail == "fiat" else approval.crypto
    if mode == "manual":
        return ["manual"]
    if mode == "automatic" or approval.conditions is None:
        return []
    return list(unmet_conditions(approval.conditions, _facts(reward)))


def _authors(reward: ReferralReward, version: Programme) -> set[int | None]:
    """Return who wrote the rules that a reward was earned under."""
    parts = (reward.sizing.get("bonus") or {}).get("parts", ())
    return {version.created_by, *(part["createdBy"] for part in parts)}


def _facts(reward: ReferralReward) -> ApprovalFacts:
    minted, _wei = reward_totals(reward.referrer_user_id)[RewardStatus.MINTED]
    return ApprovalFacts(
        usd_value=reward.usd_value,
        risk_hints=len(risk_hints([reward])[reward.id]),
        referrer_days=(utc_now() - get_user(reward.referrer_user_id).created_at).days,
        referrer_minted=minted,
        customer_known=_is_customer_known(reward),
    )


def _is_customer_known(reward: ReferralReward) -> bool:
    """Return whether the buyer would be recognized again; a membership belongs to an account."""
    if reward.order_id is None:
        return True
    return is_known_customer((Order.get_by_id(reward.order_id).customer.key,))


def _record(reward: ReferralReward, event: str, actor: Actor, data: dict[str, object]) -> None:
    record_event(actor, "reward", reward.id, event, order_reference=reward.order_reference, data=data)
