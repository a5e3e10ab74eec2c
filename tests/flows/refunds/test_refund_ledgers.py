"""Refunds and the ledgers: settlements before and after payout, rewards before and after minting."""

from __future__ import annotations

from decimal import Decimal

import pytest

from models import (
    Notification,
    RewardDebit,
    Settlement,
)
from portal.db.checks import run_checks
from portal.flows.approvals.decide_reward import retry
from portal.flows.refunds.refund_payment import settle_refunds
from portal.flows.refunds.request_refund import decide_refund
from portal.payments import find_payment, record_refund
from portal.rewards import minting
from tests.flows.conftest import Store
from tests.flows.refunds.refunds import (
    GRANTED,
    TESTER,
    TOTAL,
    admin_id,
    approve_reward_of,
    finish_payouts,
    mint_reward,
    open_payout_batch,
    pay_order,
    reward_of,
    send_refund,
    settlements_of,
    start_minting,
)

pytestmark = pytest.mark.system_postgres


# ---------------------------------------------------------------------- the settlements


@pytest.mark.parametrize("is_paid_out", [False, True])
def test_refund_after_payout_writes_negative_settlements(store: Store, is_paid_out: bool) -> None:
    order = pay_order(store)
    open_payout_batch()
    if is_paid_out:
        finish_payouts()
    for number, part in enumerate(("100.00", "50.01", "238.99")):
        send_refund(store, order, part, authCode=str(number))
        assert run_checks() == {}
    rows = settlements_of(order)
    refund_row = [row for row in rows if row.kind == "refund"]
    assert len(refund_row) == 6
    assert all(row.amount_minor < 0 and row.net_payout_minor <= 0 for row in refund_row)
    assert all(row.status == "pending" and row.refund_id for row in refund_row)
    for vendor in {row.vendor_id for row in rows}:
        assert sum(row.net_payout_minor for row in rows if row.vendor_id == vendor) == 0
        assert sum(row.commission_minor for row in rows if row.vendor_id == vendor) == 0


def test_refunds_after_payout_may_apply_in_any_order(store: Store) -> None:
    order = pay_order(store)
    open_payout_batch()
    finish_payouts()
    payment = find_payment(order.order_reference)
    assert payment
    early, late = (
        record_refund(payment, amount, "requested", TESTER, source="admin", request_id=f"r{amount}")
        for amount in (5_000, 3_000)
    )
    for refund in (late, early):
        assert decide_refund(refund.id, "applied", TESTER).status == "applied"
    taken = {
        refund.id: -sum(row.amount_minor for row in settlements_of(order) if row.refund_id == refund.id)
        for refund in (early, late)
    }
    assert taken == {early.id: 5_000, late.id: 3_000}
    assert run_checks() == {}


def test_half_refund_after_payout_reverses_half_of_each_part(store: Store) -> None:
    order = pay_order(store)
    open_payout_batch()
    finish_payouts()
    send_refund(store, order, "194.50")
    rows = settlements_of(order)
    for sale in (row for row in rows if row.kind == "sale"):
        (refund_row,) = [row for row in rows if row.kind == "refund" and row.vendor_id == sale.vendor_id]
        assert refund_row.amount_minor * -2 == sale.amount_minor
        assert abs(refund_row.commission_minor * 2 + sale.commission_minor) <= 2
        breakdown = refund_row.metadata["commissionBreakdown"]
        assert Decimal(breakdown["totalCommission"]) * 100 == refund_row.commission_minor
        assert refund_row.metadata["refundOf"] == sale.id


def test_held_settlement_is_reduced_and_stays_held(store: Store) -> None:
    order = pay_order(store)
    Settlement.update(status="held").execute()
    send_refund(store, order, "100.00")
    assert {row.status for row in settlements_of(order)} == {"held"}
    assert sum(row.amount_minor for row in settlements_of(order)) == TOTAL - 10_000


def test_payout_failed_after_a_refund_is_not_reduced_twice(store: Store) -> None:
    order = pay_order(store)
    open_payout_batch()
    send_refund(store, order, "100.00")
    finish_payouts(failed=True)
    send_refund(store, order, "89.00")
    assert sum(row.amount_minor for row in settlements_of(order)) == TOTAL - 18_900
    send_refund(store, order, "200.00")
    assert sum(row.amount_minor for row in settlements_of(order)) == 0
    assert sum(row.net_payout_minor for row in settlements_of(order)) == 0
    assert run_checks() == {}


# ---------------------------------------------------------------------- the reward


def test_approved_reward_is_reduced(store: Store) -> None:
    order = pay_order(store)
    approve_reward_of(store, order)
    send_refund(store, order, "100.00")
    reward = reward_of(order)
    assert (reward.status, reward.granted_wei) == ("approved", GRANTED)
    assert reward.reward_amount_wei == GRANTED * (TOTAL - 10_000) // TOTAL


def test_failed_reward_is_reduced_when_sized(store: Store) -> None:
    settings_with_price = store.settings
    store.settings = settings_with_price.model_copy(update={"referral_token_usd_price": None})
    order = pay_order(store)
    send_refund(store, order, "194.50")
    assert reward_of(order).status == "failed"
    store.settings = settings_with_price
    retried = retry(reward_of(order).id, admin_id(store), store.chain, settings_with_price)
    assert (retried.status, retried.reward_amount_wei) == ("approved", GRANTED // 2)
    assert run_checks() == {}


def test_full_refund_rejects_a_failed_reward_without_a_size(store: Store) -> None:
    store.settings = store.settings.model_copy(update={"referral_token_usd_price": None})
    order = pay_order(store)
    send_refund(store, order)
    assert (reward_of(order).status, reward_of(order).failure_reason) == ("rejected", "refunded")


@pytest.mark.parametrize("amount", ["389.00", "100.00"])
def test_refund_of_a_minted_reward_creates_a_debit(store: Store, amount: str) -> None:
    order = pay_order(store)
    mint_reward(approve_reward_of(store, order))
    send_refund(store, order, amount)
    send_refund(store, order, amount)
    reward, debit = reward_of(order), RewardDebit.get()
    assert (reward.status, reward.reward_amount_wei) == ("minted", GRANTED)
    remaining_minor = TOTAL - int(Decimal(amount) * 100)
    assert debit.amount_wei == GRANTED - GRANTED * remaining_minor // TOTAL
    assert (debit.referrer_user_id, debit.reason) == (reward.referrer_user_id, "refunded")
    assert Notification.select().where(Notification.kind == "referral_reward_debited").count() == 1
    assert run_checks() == {}


@pytest.mark.parametrize("outcome", ["minted", "approved", "failed"])
@pytest.mark.parametrize("amount", ["389.00", "100.00"])
def test_refund_while_minting_waits_for_the_chain(store: Store, amount: str, outcome: str) -> None:
    order = pay_order(store)
    reward = approve_reward_of(store, order)
    start_minting(reward)
    send_refund(store, order, amount)
    assert (reward_of(order).status, reward_of(order).reward_amount_wei) == ("minting", GRANTED)
    assert settle_refunds(TESTER) == 0
    if outcome == "minted":
        minting.record_minted({reward.id: "0x" + "a" * 64}, TESTER)
    elif outcome == "approved":
        minting.return_to_approved([reward.id], "unpaid", TESTER)
    else:
        minting.fail_mint({reward.id: "the contract refuses this payment"}, TESTER)
    # The reward is not mintable before the refund is settled.
    assert minting.list_mintable(10, chain_id=1) == []
    start_minting(reward)
    assert reward_of(order).status == outcome
    settle_refunds(TESTER)
    after = reward_of(order)
    assert not after.refund_due
    if outcome == "minted":
        assert RewardDebit.select().count() == 1
    elif amount == "389.00":
        assert after.status == "rejected"
    else:
        assert (after.status, after.reward_amount_wei) == (outcome, GRANTED * (TOTAL - 10_000) // TOTAL)
    assert run_checks() == {}
