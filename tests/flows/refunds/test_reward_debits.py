"""Debits of refunded rewards, netted from later rewards of the same referrer."""

from __future__ import annotations

from decimal import Decimal

import pytest

from models import (
    ReferralReward,
    RewardDebit,
    RewardNetting,
)
from portal.accounts import create_user
from portal.chain import open_chain
from portal.db import SYSTEM
from portal.db.checks import run_checks
from portal.flows.approvals.decide_reward import reject, retry
from portal.flows.checkout.settle_payment import pay_with_credit
from portal.flows.refunds.refund_payment import settle_refunds
from portal.payments import add_credit
from portal.rewards.errors import TOKEN_CHANGED
from portal.rewards.minting import fail_mint
from tests.flows.conftest import Store
from tests.flows.refunds.refunds import (
    GRANTED,
    TESTER,
    TOTAL,
    admin_id,
    approve_reward_of,
    mint_reward,
    pay_order,
    reward_of,
    send_refund,
    start_minting,
)

pytestmark = pytest.mark.system_postgres


def make_debit(store: Store, amount: str = "389.00") -> RewardDebit:
    order = pay_order(store, "debtor")
    mint_reward(approve_reward_of(store, order))
    send_refund(store, order, amount)
    return RewardDebit.get()


def test_debit_is_netted_from_the_next_approved_reward(store: Store) -> None:
    debit = make_debit(store, "100.00")
    order = pay_order(store, "next")
    assert RewardDebit.get().netted_wei == 0
    reward = approve_reward_of(store, order)
    assert (reward.reward_amount_wei, reward.netted_wei) == (GRANTED - debit.amount_wei, debit.amount_wei)
    assert RewardDebit.get().netted_wei == debit.amount_wei
    assert RewardNetting.get().reward_id == reward.id
    third = approve_reward_of(store, pay_order(store, "third"))
    assert third.reward_amount_wei == GRANTED
    assert run_checks() == {}


@pytest.mark.parametrize(
    ("owed_in", "token", "is_netted"),
    [("0x" + "aB" * 20, "0x" + "Ab" * 20, True), ("0x" + "ab" * 20, "0x" + "cd" * 20, False),
     ("0x" + "ab" * 20, None, True), (None, "0x" + "cd" * 20, True)],
)  # fmt: skip
def test_debit_is_netted_in_its_own_token(
    store: Store, owed_in: str | None, token: str | None, is_netted: bool
) -> None:
    debit = make_debit(store, "100.00")
    ReferralReward.update(reward_token=owed_in).execute()
    order = pay_order(store, "next")
    ReferralReward.update(reward_token=token).where(ReferralReward.id == reward_of(order).id).execute()
    reward = approve_reward_of(store, order)
    settle_refunds(TESTER)
    assert reward.netted_wei == (debit.amount_wei if is_netted else 0)
    assert RewardDebit.get().netted_wei == reward.netted_wei
    assert run_checks() == {}


def test_retry_sizes_a_reward_without_a_price_in_the_token_that_is_paid_now(store: Store) -> None:
    make_debit(store, "100.00")
    earlier, now = "0x" + "1" * 40, "0x" + "2" * 40
    ReferralReward.update(reward_token=earlier).execute()
    reward = reward_of(pay_order(store, "next"))
    ReferralReward.update(
        reward_token=earlier, status="failed", failure_reason="price_unavailable", reward_amount_wei=None
    ).where(ReferralReward.id == reward.id).execute()
    settings = store.settings.model_copy(update={"referral_reward_token_address": now})
    retry(reward.id, admin_id(store), open_chain(settings), settings)
    after = ReferralReward.get_by_id(reward.id)
    assert (after.status, after.reward_token, after.netted_wei) == ("approved", now, 0)
    assert RewardDebit.get().netted_wei == 0
    assert run_checks() == {}


def test_netting_leaves_at_least_one_wei(store: Store) -> None:
    make_debit(store)
    reward = approve_reward_of(store, pay_order(store, "next"))
    assert reward.reward_amount_wei == 1
    assert RewardDebit.get().netted_wei == GRANTED - 1
    assert approve_reward_of(store, pay_order(store, "third")).reward_amount_wei == GRANTED - 1
    assert run_checks() == {}


def test_rejected_reward_releases_its_netting(store: Store) -> None:
    make_debit(store, "100.00")
    reward = approve_reward_of(store, pay_order(store, "next"))
    reject(reward.id, "Looks like one person.", admin_id(store))
    assert RewardDebit.get().netted_wei == 0
    assert RewardNetting.get().released_at is not None
    after = ReferralReward.get_by_id(reward.id)
    assert (after.reward_amount_wei, after.netted_wei) == (GRANTED, 0)
    assert run_checks() == {}


@pytest.mark.parametrize("amount", ["389.00", "300.00", "10.00"])
def test_refund_of_a_netted_reward_releases_the_excess(store: Store, amount: str) -> None:
    make_debit(store, "200.00")
    order = pay_order(store, "next")
    approve_reward_of(store, order)
    send_refund(store, order, amount)
    reward = reward_of(order)
    if amount == "389.00":
        assert reward.status == "rejected"
        assert RewardDebit.get().netted_wei == 0
    else:
        remaining_minor = TOTAL - int(Decimal(amount) * 100)
        assert reward.reward_amount_wei + reward.netted_wei == GRANTED * remaining_minor // TOTAL
        assert reward.reward_amount_wei >= 1
        assert RewardDebit.get().netted_wei == reward.netted_wei
    assert run_checks() == {}


def test_refund_of_a_minted_netted_reward_debits_the_granted_amount(store: Store) -> None:
    make_debit(store, "100.00")
    order = pay_order(store, "next")
    mint_reward(approve_reward_of(store, order))
    send_refund(store, order)
    debits = list(RewardDebit.select().order_by(RewardDebit.id))
    assert debits[1].amount_wei == GRANTED
    assert debits[0].netted_wei == debits[0].amount_wei
    assert run_checks() == {}


def test_job_nets_rewards_approved_before_the_debit(store: Store) -> None:
    order = pay_order(store, "debtor")
    mint_reward(approve_reward_of(store, order))
    approved_reward = approve_reward_of(store, pay_order(store, "next"))
    send_refund(store, order, "100.00")
    assert settle_refunds(TESTER) == 1
    after = ReferralReward.get_by_id(approved_reward.id)
    assert after.netted_wei == RewardDebit.get().amount_wei
    assert settle_refunds(TESTER) == 0
    assert run_checks() == {}


def test_credit_rewards_are_netted_at_once(store: Store) -> None:
    make_debit(store, "100.00")
    buyer = store.newcomer("rich")
    add_credit(buyer.id, 50_000, "UAH", "test", SYSTEM)
    order = store.place(buyer, cookie=store.code).order
    pay_with_credit(order.id, buyer, store.chain, store.settings)
    reward = reward_of(order)
    assert (reward.status, reward.netted_wei) == ("approved", RewardDebit.get().amount_wei)


def test_reward_of_another_referrer_is_not_netted(store: Store) -> None:
    make_debit(store)
    other = create_user("other@demo.example", "Other", "newcomer-pass", referrer=None, actor=SYSTEM)
    order = pay_order(store, "next")
    ReferralReward.update(referrer_user_id=other.id).where(
        ReferralReward.order_reference == order.order_reference
    ).execute()
    assert approve_reward_of(store, order).netted_wei == 0


def test_retry_in_another_token_counts_refunds_and_debits_again(store: Store) -> None:
    debit = make_debit(store, "100.00")
    order = pay_order(store, "next")
    send_refund(store, order, "38.90")
    reward = approve_reward_of(store, order)
    assert (reward.reward_amount_wei, reward.netted_wei) == (
        GRANTED * 9 // 10 - debit.amount_wei,
        debit.amount_wei,
    )
    start_minting(reward)
    fail_mint({reward.id: TOKEN_CHANGED}, TESTER)
    send_refund(store, order, "38.90", authCode="2")
    # Half the price of the earlier token, in which the debit is.
    ReferralReward.update(reward_token="0x" + "2" * 40).where(ReferralReward.id == reward.id).execute()
    settings = store.settings.model_copy(update={"referral_token_usd_price": Decimal("0.05")})
    retry(reward.id, admin_id(store), open_chain(settings), settings)
    after = ReferralReward.get_by_id(reward.id)
    assert (after.status, after.reward_amount_wei, after.netted_wei) == (
        "approved",
        2 * GRANTED * 8 // 10,
        0,
    )
    assert RewardDebit.get().netted_wei == 0
    assert run_checks() == {}
