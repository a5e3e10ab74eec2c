"""What the programme does to rewards of real payments: bonus, hold, approval rules, budgets."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from models import EventLog, Notification, Order, ProgrammeVersion, ReferralReward, Settlement, User
from portal.db import Actor, query
from portal.db.checks import run_checks
from portal.db.connection import connection
from portal.flows.approvals.approve_by_rule import approve_by_rule, approve_waiting
from portal.flows.approvals.decide_reward import approve, approve_many, reject, retry
from portal.flows.checkout.settle_payment import pay_with_credit
from portal.payments import add_credit
from portal.programme.bonus_operations import add_campaign, add_referrer_bonus, set_campaign_budget
from portal.programme.operations import save_version
from portal.programme.version_rules import ProgrammeRules
from portal.rewards import (
    BudgetExhausted,
    budget_used,
    campaign_scope,
    fold_budgets,
    month_scope,
)
from tests.factories import make_admin, make_reward, make_user
from tests.flows.conftest import Store, settings_with

ACTOR = Actor("command:test")
PLAIN: dict[str, Any] = {
    "holdDays": 0,
    "approval": {"fiat": "manual", "crypto": "automatic"},
    "bonus": "none",
}
SOON = timedelta(days=1)


def put_in_force(**changes: Any) -> ProgrammeVersion:
    return save_version(ProgrammeRules.model_validate({**PLAIN, **changes}), None, None, ACTOR)


def levels(*pairs: tuple[int, str], combine: str = "sum") -> dict[str, Any]:
    return {"combine": combine, "levels": [{"referrals": n, "percent": p} for n, p in pairs]}


def conditional(**conditions: Any) -> dict[str, Any]:
    return {"fiat": "conditional", "crypto": "automatic", "conditions": conditions}


def buy(store: Store, name: str) -> ReferralReward:
    """Let a new buyer pay a referred order of 240 UAH at 5% by card and return its reward: 0.30 USD."""
    order = store.pay(store.newcomer(name), "mountain-tea", cookie=store.code)
    return ReferralReward.get(ReferralReward.order_reference == order.order_reference)


def referrer(store: Store) -> User:
    return store.user("referrer")


def now_utc() -> datetime:
    return datetime.now(UTC)


def used_this_month() -> Decimal:
    return budget_used(month_scope(now_utc().date().replace(day=1)))


# --- bonus -----------------------------------------------------------------------------------


def test_level_is_reached_by_paid_and_unrefunded_referrals(store: Store) -> None:
    put_in_force(bonus=levels((2, "1"), (3, "2.5")))
    rewards = [buy(store, name) for name in ("ann", "bob", "cid", "dan")]
    assert [reward.bonus_percent for reward in rewards] == [0, 0, 1, Decimal("2.5")]
    assert {reward.reward_percent for reward in rewards} == {5}
    # A full refund takes the referral away, and so does a rejection.
    store.send_callback(Order.get(Order.order_reference == rewards[0].order_reference), "Refunded")
    assert buy(store, "eve").bonus_percent == Decimal("2.5")
    reject(rewards[1].id, "not a customer", make_admin().id)
    store.send_callback(Order.get(Order.order_reference == rewards[2].order_reference), "Refunded")
    assert buy(store, "fay").bonus_percent == 1


def test_bonus_is_paid_in_tokens_only_and_explained(store: Store) -> None:
    plain = buy(store, "ann")
    campaign = add_campaign("Summer", Decimal(3), None, now_utc() + SOON, ACTOR)
    add_referrer_bonus(referrer(store).id, Decimal(2), None, None, ACTOR)
    put_in_force(bonus=levels(combine="sum"))
    reward = buy(store, "bob")
    assert (reward.reward_percent, reward.bonus_percent, reward.campaign_id) == (5, 5, campaign.id)
    assert reward.reward_amount_wei == 2 * plain.reward_amount_wei
    assert reward.usd_value == 2 * plain.usd_value
    assert reward.campaign_usd == reward.usd_value * 3 / 10
    assert [(part["kind"], part["name"]) for part in reward.sizing["bonus"]["parts"]] == [
        ("referrer", ""), ("campaign", "Summer"),
    ]  # fmt: skip
    amounts = [
        {
            row.vendor_id: row.commission_minor
            for row in Settlement.select()
            if row.order_reference == reference
        }
        for reference in (plain.order_reference, reward.order_reference)
    ]
    assert amounts[0] == amounts[1] != {}, "the bonus must not reach the settlements"
    assert run_checks() == {}


def test_campaign_is_for_its_code_and_store(store: Store) -> None:
    put_in_force()
    end = now_utc() + SOON
    add_campaign("Other code", Decimal(9), None, end, ACTOR, codes=["AAAAAAAA"])
    add_campaign("Other store", Decimal(8), None, end, ACTOR, store_ids=[99])
    own = add_campaign("This one", Decimal(1), None, end, ACTOR, codes=[store.code], store_ids=[1])
    reward = buy(store, "ann")
    assert (reward.bonus_percent, reward.campaign_id) == (1, own.id)


def test_retry_keeps_the_bonus(store: Store) -> None:
    campaign = add_campaign("Summer", Decimal(5), None, now_utc() + SOON, ACTOR)
    priceless = Store(settings_with().model_copy(update={"referral_token_usd_price": None}), store.code)
    failed = buy(priceless, "ann")
    assert (failed.status, failed.bonus_percent, failed.usd_value) == ("failed", 5, None)
    retried = retry(failed.id, make_admin().id, store.chain, store.settings)
    plain = buy(store, "bob")
    assert retried.reward_amount_wei == plain.reward_amount_wei
    assert (retried.campaign_id, retried.campaign_usd) == (campaign.id, plain.usd_value / 2)


# --- hold ------------------------------------------------------------------------------------


def test_reward_on_hold_is_approved_and_sent_later(store: Store) -> None:
    put_in_force(holdDays=14)
    reward = buy(store, "ann")
    approve(reward.id, make_admin().id, store.settings)
    order = Order.get(Order.order_reference == reward.order_reference)
    assert reward.mintable_from == order.paid_at + timedelta(days=14)


# --- approval rules --------------------------------------------------------------------------


def test_reward_within_the_conditions_approves_itself(store: Store) -> None:
    version = put_in_force(approval=conditional(maxUsd="1000", customerKnown=True, noRiskHint=True))
    reward = buy(store, "ann")
    assert (reward.status, reward.approved_by) == ("approved", None)
    event = EventLog.get((EventLog.event == "reward_approved") & (EventLog.entity_id == str(reward.id)))
    assert event.actor == f"programme:{version.id}"
    assert Notification.get().kind == "referral_reward_approved"


@pytest.mark.parametrize(
    ("conditions", "unmet"),
    [
        ({"maxUsd": "0.01"}, ["max_usd"]),
        ({"referrerDays": 1}, ["referrer_days"]),
        ({"referrerMinted": 1}, ["referrer_minted"]),
        ({"maxUsd": "0.01", "referrerDays": 1}, ["max_usd", "referrer_days"]),
    ],
)
def test_reward_outside_a_condition_waits_for_an_admin(
    store: Store, conditions: dict[str, Any], unmet: list[str]
) -> None:
    put_in_force(approval=conditional(**conditions))
    reward = buy(store, "ann")
    assert (reward.status, reward.waits_for_budget) == ("pending_approval", False)
    assert EventLog.get(EventLog.event == "reward_rule_declined").data == {"unmet": unmet}


def test_risk_hint_keeps_a_reward_for_an_admin(store: Store) -> None:
    put_in_force(approval=conditional(noRiskHint=True))
    User.update(email="ann+two@demo.example").where(User.id == referrer(store).id).execute()
    assert buy(store, "ann").status == "pending_approval"


@pytest.mark.parametrize("limit", ["referral_unattended_approval_usd", "referral_second_approval_usd"])
def test_rules_approve_nothing_from_a_limit_of_admins_on(store: Store, limit: str) -> None:
    put_in_force(approval=conditional(maxUsd="100000"))
    limited = Store(settings_with(**{limit: Decimal("0.01")}), store.code)
    assert buy(limited, "ann").status == "pending_approval"


def test_author_of_the_version_is_not_approved_by_it(store: Store) -> None:
    rules = ProgrammeRules.model_validate({**PLAIN, "approval": conditional(maxUsd="1000")})
    save_version(rules, None, None, Actor.user(referrer(store).id))
    assert buy(store, "ann").status == "pending_approval"


# --- budgets ---------------------------------------------------------------------------------


def test_reward_beyond_the_month_waits_and_goes_on_with_a_larger_budget(store: Store) -> None:
    first = buy(store, "ann")
    limit = "0.45"
    put_in_force(budgetUsd=limit, approval=conditional(maxUsd="1000"))
    granted, waiting = buy(store, "bob"), buy(store, "cid")
    assert (granted.status, waiting.status, waiting.waits_for_budget) == (
        "approved",
        "pending_approval",
        True,
    )
    admin = make_admin()
    with pytest.raises(BudgetExhausted) as refused:
        approve(first.id, admin.id, store.settings)
    assert refused.value.params == {"budget": "month", "limit": Decimal(limit), "used": granted.usd_value}
    assert approve_many([first.id, waiting.id], admin.id, store.settings).refused == {
        "budget_exhausted": [first.id, waiting.id]
    }
    assert approve_waiting(store.settings) == 0
    put_in_force(budgetUsd="1000", approval=conditional(maxUsd="1000"))
    assert approve_waiting(store.settings) == 1
    # Another process, or an admin, may decide between the list and the approval.
    assert not approve_by_rule(waiting.id, store.settings)
    kept = ReferralReward.get_by_id(waiting.id)
    assert (kept.status, kept.waits_for_budget) == ("approved", False)
    assert used_this_month() == granted.usd_value + waiting.usd_value
    assert run_checks() == {}


def test_rejected_reward_gives_its_budget_back(store: Store) -> None:
    put_in_force(budgetUsd="1000", approval=conditional(maxUsd="1000"))
    reward = buy(store, "ann")
    assert used_this_month() == reward.usd_value
    fold_budgets()
    reject(reward.id, "not a customer", make_admin().id)
    assert used_this_month() == 0
    fold_budgets()
    assert (used_this_month(), run_checks()) == (0, {})


def test_purchase_by_credit_waits_for_a_budget_too(store: Store) -> None:
    put_in_force(budgetUsd="0")
    buyer = store.newcomer("ann")
    order = store.place(buyer, cookie=store.code).order
    add_credit(buyer.id, order.total_minor, order.currency, reason="gift", actor=ACTOR)
    pay_with_credit(order.id, buyer, store.chain, store.settings)
    reward = ReferralReward.get()
    assert (reward.rail, reward.status, reward.waits_for_budget) == ("crypto", "pending_approval", True)
    put_in_force()
    assert approve_waiting(store.settings) == 1


def test_campaign_pays_its_part_only_up_to_its_budget(store: Store) -> None:
    put_in_force(approval=conditional(maxUsd="1000"))
    campaign = add_campaign("Summer", Decimal(5), None, now_utc() + SOON, ACTOR, budget_usd=Decimal(0))
    reward = buy(store, "ann")
    assert (reward.status, reward.waits_for_budget) == ("pending_approval", True)
    set_campaign_budget(campaign.id, reward.campaign_usd, ACTOR)
    assert approve_waiting(store.settings) == 1
    assert budget_used(campaign_scope(campaign.id)) == reward.usd_value / 2
    assert buy(store, "bob").waits_for_budget


def test_budget_is_never_exceeded_by_eight_threads(store: Store) -> None:
    # Each reward has a referrer of its own: nothing but the budget makes one approval wait for another.
    shares = [[make_reward(make_user()).id for _ in range(4)] for _ in range(8)]
    put_in_force(budgetUsd="20")
    admin_id = make_admin().id
    start = threading.Barrier(8)
    refused: list[int] = []

    def decide(reward_ids: list[int]) -> None:
        with connection():
            start.wait()
            for reward_id in reward_ids:
                try:
                    approve(reward_id, admin_id, store.settings)
                except BudgetExhausted:
                    refused.append(reward_id)

    threads = [threading.Thread(target=decide, args=[share]) for share in shares]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    approved = ReferralReward.select().where(ReferralReward.status == "approved").count()
    # 1.25 USD each.
    assert (approved, len(refused), used_this_month()) == (16, 16, 20)


def test_unknown_value_exceeds_every_budget(store: Store) -> None:
    reward = buy(store, "ann")
    put_in_force(budgetUsd="1000000")
    query("UPDATE referral_rewards SET usd_value = NULL")
    with pytest.raises(BudgetExhausted):
        approve(reward.id, make_admin().id, store.settings)
