"""Refunds in the commission and reward ledgers, and of memberships."""

from __future__ import annotations

from decimal import Decimal

import pytest

from models import (
    Notification,
    Order,
    RewardDebit,
    Settlement,
    User,
)
from portal.accounts import Referrer, create_user
from portal.codes import find_code
from portal.db import SYSTEM
from portal.db.checks import run_checks
from portal.flows.approvals.decide_reward import retry
from portal.flows.checkout.begin_payment import begin_membership_payment
from portal.flows.refunds.refund_payment import settle_refunds
from portal.rewards import minting
from tests.flows.conftest import Store
from tests.flows.refunds.refunded_orders import (
    GRANTED,
    TESTER,
    TOTAL,
    admin_id,
    approve_it,
    bought,
    end_payouts,
    mint,
    refund,
    reward_of,
    sales,
    start_minting,
    take_into_batch,
)

pytestmark = pytest.mark.system_postgres


# ---------------------------------------------------------------------- the settlements


@pytest.mark.parametrize("paid", [False, True])
def test_what_was_paid_out_leaves_a_negative_row(store: Store, paid: bool) -> None:
    order = bought(store)
    take_into_batch()
    if paid:
        end_payouts()
    for number, part in enumerate(("100.00", "50.01", "238.99")):
        refund(store, order, part, authCode=str(number))
        assert run_checks() == {}
    rows = sales(order)
    taken = [row for row in rows if row.kind == "refund"]
    assert len(taken) == 6
    assert all(row.amount_minor < 0 and row.net_payout_minor <= 0 for row in taken)
    assert all(row.status == "pending" and row.refund_id for row in taken)
    for vendor in {row.vendor_id for row in rows}:
        assert sum(row.net_payout_minor for row in rows if row.vendor_id == vendor) == 0
        assert sum(row.commission_minor for row in rows if row.vendor_id == vendor) == 0


def test_half_of_a_payout_takes_back_half_of_each_part(store: Store) -> None:
    order = bought(store)
    take_into_batch()
    end_payouts()
    refund(store, order, "194.50")
    rows = sales(order)
    for sale in (row for row in rows if row.kind == "sale"):
        (taken,) = [row for row in rows if row.kind == "refund" and row.vendor_id == sale.vendor_id]
        assert taken.amount_minor * -2 == sale.amount_minor
        assert abs(taken.commission_minor * 2 + sale.commission_minor) <= 2
        told = taken.metadata["commissionBreakdown"]
        assert Decimal(told["totalCommission"]) * 100 == taken.commission_minor
        assert taken.metadata["refundOf"] == sale.id


def test_a_held_row_is_reduced_and_stays_held(store: Store) -> None:
    order = bought(store)
    Settlement.update(status="held").execute()
    refund(store, order, "100.00")
    assert {row.status for row in sales(order)} == {"held"}
    assert sum(row.amount_minor for row in sales(order)) == TOTAL - 10_000


def test_a_payout_that_failed_after_a_refund_is_not_reduced_twice(store: Store) -> None:
    order = bought(store)
    take_into_batch()
    refund(store, order, "100.00")
    end_payouts(failed=True)
    refund(store, order, "89.00")
    assert sum(row.amount_minor for row in sales(order)) == TOTAL - 18_900
    refund(store, order, "200.00")
    assert sum(row.amount_minor for row in sales(order)) == 0
    assert sum(row.net_payout_minor for row in sales(order)) == 0
    assert run_checks() == {}


# ---------------------------------------------------------------------- the reward


def test_an_approved_reward_is_reduced(store: Store) -> None:
    order = bought(store)
    approve_it(store, order)
    refund(store, order, "100.00")
    reward = reward_of(order)
    assert (reward.status, reward.granted_wei) == ("approved", GRANTED)
    assert reward.reward_amount_wei == GRANTED * (TOTAL - 10_000) // TOTAL


def test_a_failed_reward_is_reduced_when_it_gets_its_size(store: Store) -> None:
    priced = store.settings
    store.settings = priced.model_copy(update={"referral_token_usd_price": None})
    order = bought(store)
    refund(store, order, "194.50")
    assert reward_of(order).status == "failed"
    store.settings = priced
    retried = retry(reward_of(order).id, admin_id(store), store.chain, priced)
    assert (retried.status, retried.reward_amount_wei) == ("approved", GRANTED // 2)
    assert run_checks() == {}


def test_a_failed_reward_without_a_size_is_rejected_by_a_full_refund(store: Store) -> None:
    store.settings = store.settings.model_copy(update={"referral_token_usd_price": None})
    order = bought(store)
    refund(store, order)
    assert (reward_of(order).status, reward_of(order).failure_reason) == ("rejected", "refunded")


@pytest.mark.parametrize("amount", ["389.00", "100.00"])
def test_a_minted_reward_leaves_a_debit(store: Store, amount: str) -> None:
    order = bought(store)
    mint(approve_it(store, order))
    refund(store, order, amount)
    refund(store, order, amount)
    reward, debit = reward_of(order), RewardDebit.get()
    assert (reward.status, reward.reward_amount_wei) == ("minted", GRANTED)
    left = TOTAL - int(Decimal(amount) * 100)
    assert debit.amount_wei == GRANTED - GRANTED * left // TOTAL
    assert (debit.referrer_user_id, debit.reason) == (reward.referrer_user_id, "refunded")
    assert Notification.select().where(Notification.kind == "referral_reward_debited").count() == 1
    assert run_checks() == {}


@pytest.mark.parametrize("decided", ["minted", "approved", "failed"])
@pytest.mark.parametrize("amount", ["389.00", "100.00"])
def test_a_refund_while_minting_waits_for_the_chain(store: Store, amount: str, decided: str) -> None:
    order = bought(store)
    reward = approve_it(store, order)
    start_minting(reward)
    refund(store, order, amount)
    assert (reward_of(order).status, reward_of(order).reward_amount_wei) == ("minting", GRANTED)
    assert settle_refunds(TESTER) == 0
    if decided == "minted":
        minting.record_minted({reward.id: "0x" + "a" * 64}, TESTER)
    elif decided == "approved":
        minting.return_to_approved([reward.id], "unpaid", TESTER)
    else:
        minting.fail_mint({reward.id: "the contract refuses this payment"}, TESTER)
    # Nobody mints it before the refund is settled.
    assert minting.list_mintable(10, chain_id=1) == []
    start_minting(reward)
    assert reward_of(order).status == decided
    settle_refunds(TESTER)
    after = reward_of(order)
    assert not after.refund_due
    if decided == "minted":
        assert RewardDebit.select().count() == 1
    elif amount == "389.00":
        assert after.status == "rejected"
    else:
        assert (after.status, after.reward_amount_wei) == (decided, GRANTED * (TOTAL - 10_000) // TOTAL)
    assert run_checks() == {}


# ---------------------------------------------------------------------- memberships


def test_a_refunded_membership_ends_and_its_reward_is_rejected(store: Store) -> None:
    code = find_code(store.code)
    referrer = Referrer(code.code, code.owner_user_id, code.wallet_address)
    member = create_user("m@demo.example", "M", "newcomer-pass", referrer=referrer, actor=SYSTEM)
    form = begin_membership_payment("MEMBER", member, "uk", store.settings)
    paid = Order(order_reference=form.order_reference, total_minor=29_900, currency="UAH")
    store.tell(paid)
    assert User.get_by_id(member.id).membership_tier == "MEMBER"
    store.tell(paid, "Refunded", amount="100.00")
    assert User.get_by_id(member.id).membership_tier == "MEMBER"
    store.tell(paid, "Voided", amount="199.00")
    after = User.get_by_id(member.id)
    assert (after.membership_tier, after.membership_until) == ("SUBSCRIBER", None)
    assert reward_of(paid).status == "rejected"
    assert run_checks() == {}
