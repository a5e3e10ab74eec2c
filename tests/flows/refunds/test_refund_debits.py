"""Debits of refunded rewards: how later rewards pay them."""

from __future__ import annotations

from decimal import Decimal

import pytest

from models import (
    ReferralReward,
    RewardDebit,
    RewardNetting,
)
from portal.accounts import create_user
from portal.db import SYSTEM
from portal.db.checks import run_checks
from portal.flows.approvals.decide_reward import reject
from portal.flows.checkout.settle_payment import pay_with_credit
from portal.flows.refunds.refund_payment import settle_refunds
from portal.payments import add_credit
from tests.flows.conftest import Store
from tests.flows.refunds.refunded_orders import (
    GRANTED,
    TESTER,
    TOTAL,
    admin_id,
    approve_it,
    bought,
    mint,
    refund,
    reward_of,
)

pytestmark = pytest.mark.system_postgres


# ---------------------------------------------------------------------- netting


def indebted(store: Store, amount: str = "389.00") -> RewardDebit:
    order = bought(store, "debtor")
    mint(approve_it(store, order))
    refund(store, order, amount)
    return RewardDebit.get()


def test_a_debit_is_kept_back_of_the_next_approved_reward(store: Store) -> None:
    debit = indebted(store, "100.00")
    order = bought(store, "next")
    assert RewardDebit.get().netted_wei == 0
    reward = approve_it(store, order)
    assert (reward.reward_amount_wei, reward.netted_wei) == (GRANTED - debit.amount_wei, debit.amount_wei)
    assert RewardDebit.get().netted_wei == debit.amount_wei
    assert RewardNetting.get().reward_id == reward.id
    third = approve_it(store, bought(store, "third"))
    assert third.reward_amount_wei == GRANTED
    assert run_checks() == {}


def test_a_reward_is_never_netted_to_nothing(store: Store) -> None:
    indebted(store)
    reward = approve_it(store, bought(store, "next"))
    assert reward.reward_amount_wei == 1
    assert RewardDebit.get().netted_wei == GRANTED - 1
    assert approve_it(store, bought(store, "third")).reward_amount_wei == GRANTED - 1
    assert run_checks() == {}


def test_a_rejected_reward_releases_what_was_kept_of_it(store: Store) -> None:
    indebted(store, "100.00")
    reward = approve_it(store, bought(store, "next"))
    reject(reward.id, "Looks like one person.", admin_id(store))
    assert RewardDebit.get().netted_wei == 0
    assert RewardNetting.get().released_at is not None
    after = ReferralReward.get_by_id(reward.id)
    assert (after.reward_amount_wei, after.netted_wei) == (GRANTED, 0)
    assert run_checks() == {}


@pytest.mark.parametrize("amount", ["389.00", "300.00", "10.00"])
def test_a_netted_reward_whose_order_is_refunded_releases_what_it_cannot_bear(
    store: Store, amount: str
) -> None:
    indebted(store, "200.00")
    order = bought(store, "next")
    approve_it(store, order)
    refund(store, order, amount)
    reward = reward_of(order)
    if amount == "389.00":
        assert reward.status == "rejected"
        assert RewardDebit.get().netted_wei == 0
    else:
        left = TOTAL - int(Decimal(amount) * 100)
        assert reward.reward_amount_wei + reward.netted_wei == GRANTED * left // TOTAL
        assert reward.reward_amount_wei >= 1
        assert RewardDebit.get().netted_wei == reward.netted_wei
    assert run_checks() == {}


def test_a_minted_and_netted_reward_owes_the_whole_of_it(store: Store) -> None:
    indebted(store, "100.00")
    order = bought(store, "next")
    mint(approve_it(store, order))
    refund(store, order)
    debits = list(RewardDebit.select().order_by(RewardDebit.id))
    assert debits[1].amount_wei == GRANTED
    assert debits[0].netted_wei == debits[0].amount_wei
    assert run_checks() == {}


def test_the_job_nets_from_rewards_that_were_approved_before(store: Store) -> None:
    order = bought(store, "debtor")
    mint(approve_it(store, order))
    waiting = approve_it(store, bought(store, "next"))
    refund(store, order, "100.00")
    assert settle_refunds(TESTER) == 1
    after = ReferralReward.get_by_id(waiting.id)
    assert after.netted_wei == RewardDebit.get().amount_wei
    assert settle_refunds(TESTER) == 0
    assert run_checks() == {}


def test_credit_rewards_are_netted_as_they_start_approved(store: Store) -> None:
    indebted(store, "100.00")
    buyer = store.newcomer("rich")
    add_credit(buyer.id, 50_000, "UAH", "test", SYSTEM)
    order = store.place(buyer, cookie=store.code).order
    pay_with_credit(order.id, buyer, store.chain, store.settings)
    reward = reward_of(order)
    assert (reward.status, reward.netted_wei) == ("approved", RewardDebit.get().amount_wei)


def test_a_strangers_reward_is_left_alone(store: Store) -> None:
    indebted(store)
    other = create_user("other@demo.example", "Other", "newcomer-pass", referrer=None, actor=SYSTEM)
    order = bought(store, "next")
    ReferralReward.update(referrer_user_id=other.id).where(
        ReferralReward.order_reference == order.order_reference
    ).execute()
    assert approve_it(store, order).netted_wei == 0
