"""Refunds on both rails: full and partial, at every moment, told twice, and out of order."""

from __future__ import annotations

import threading
from decimal import Decimal

import pytest
from peewee import fn

from models import (
    Notification,
    Order,
    PaymentEvent,
    PaymentRefund,
    Payout,
    ReferralReward,
    RewardDebit,
    RewardNetting,
    Settlement,
    StockMovement,
    User,
)
from portal.accounts import Referrer, create_user
from portal.codes import find_code
from portal.commissions import payouts, read_plan
from portal.db import SYSTEM, Actor, connection, transaction
from portal.db.checks import run_checks
from portal.flows.approvals.decide_reward import approve, reject, retry
from portal.flows.checkout import write_ledgers as write_ledgers
from portal.flows.checkout.begin_payment import begin_membership_payment
from portal.flows.checkout.retry_ledgers import retry_ledgers
from portal.flows.checkout.settle_payment import pay_with_credit
from portal.flows.refunds.refund_payment import settle_refunds
from portal.payments import add_credit, find_payment
from portal.rewards import minting
from tests.flows.conftest import Store

pytestmark = pytest.mark.system_postgres

TESTER = Actor.job("test")
TOTAL = 38_900
GRANTED = 6_725 * 10**15


def bought(store: Store, name: str = "ann") -> Order:
    return store.pay(store.newcomer(name), cookie=store.code)


def admin_id(store: Store) -> int:
    return int(store.user("admin").id)


def reward_of(order: Order) -> ReferralReward:
    return ReferralReward.get(ReferralReward.order_reference == order.order_reference)


def sales(order: Order) -> list[Settlement]:
    rows = Settlement.select().where(Settlement.order_reference == order.order_reference)
    return list(rows.order_by(Settlement.id))


def refund(store: Store, order: Order, amount: str = "389.00", **changes: object) -> None:
    store.tell(order, "Refunded", amount=amount, **changes)


def last_outcome() -> tuple[str | None, str | None]:
    event = PaymentEvent.select().order_by(PaymentEvent.id.desc()).get()
    return event.outcome, event.reason


def start_minting(reward: ReferralReward) -> None:
    minting.claim_mintable([reward.id], chain_id=1, token="0x" + "1" * 40, actor=TESTER)


def mint(reward: ReferralReward) -> None:
    start_minting(reward)
    minting.record_minted({reward.id: f"0x{reward.id:064x}"}, TESTER)


def take_into_batch() -> None:
    """Let the weeks pass, and take every settlement into a payout batch."""
    Settlement.update(scheduled_for=fn.now()).execute()
    with transaction():
        payouts.open_batch(read_plan(lock=True), mode="simulated", key=None, actor=TESTER, quotes={})


def end_payouts(*, failed: bool = False) -> None:
    """Complete or fail every payout under way and close its batch."""
    for payout in Payout.select().where(Payout.status == "processing"):
        payouts.begin_batch(payout.batch_id, TESTER)
        if failed:
            payouts.fail_payout(payout.id, "the bank said no", TESTER)
        else:
            payouts.complete_payout(payout.id, f"sim_{payout.id}", TESTER, simulated=True)
        payouts.finish_batch(payout.batch_id, TESTER)


def approve_it(store: Store, order: Order) -> ReferralReward:
    return approve(reward_of(order).id, admin_id(store), store.settings)


# ---------------------------------------------------------------------- the payment, the order, its stock


def test_a_full_refund_undoes_the_sale_once(store: Store) -> None:
    tea = store.product("mountain-tea").stock
    order = bought(store)
    for _ in range(3):
        refund(store, order)
    refund(store, order, authCode="777")
    payment = find_payment(order.order_reference)
    assert (payment.status, payment.refunded_minor) == ("refunded", TOTAL)
    assert Order.get_by_id(order.id).status == "refunded"
    assert store.product("mountain-tea").stock == tea
    assert StockMovement.select().where(StockMovement.reason == "refund").count() == 2
    assert {row.status for row in sales(order)} == {"cancelled"}
    reward = reward_of(order)
    assert (reward.status, reward.failure_reason) == ("rejected", "refunded")
    assert Notification.select().where(Notification.kind == "referral_reward_rejected").count() == 1
    assert PaymentRefund.select().count() == 1
    assert run_checks() == {}


def test_a_partial_refund_reduces_and_never_rejects(store: Store) -> None:
    order = bought(store)
    stock = store.product("mountain-tea").stock
    refund(store, order, "100.00")
    payment = find_payment(order.order_reference)
    assert (payment.status, payment.refunded_minor) == ("paid", 10_000)
    assert Order.get_by_id(order.id).status == "paid"
    assert store.product("mountain-tea").stock == stock
    reward = reward_of(order)
    assert reward.status == "pending_approval"
    assert reward.reward_amount_wei == GRANTED * (TOTAL - 10_000) // TOTAL
    assert sum(row.amount_minor for row in sales(order)) == TOTAL - 10_000
    assert {row.status for row in sales(order)} == {"pending"}
    assert run_checks() == {}


def test_the_breakdown_shrinks_in_proportion_and_the_original_is_kept(store: Store) -> None:
    order = bought(store)
    before = {row.id: row.metadata["commissionBreakdown"] for row in sales(order)}
    refund(store, order, "194.50")
    for row in sales(order):
        told = row.metadata["commissionBreakdown"]
        assert row.metadata["original"]["commissionBreakdown"] == before[row.id]
        parts = [Decimal(told[name]) for name in ("platformCommission", "referralCommission")]
        assert sum(parts) == Decimal(told["totalCommission"])
        assert Decimal(told["totalCommission"]) * 100 == row.commission_minor
        assert row.net_payout_minor == row.amount_minor - row.commission_minor
    assert {row.amount_minor for row in sales(order)} == {12_000, 7_450}


@pytest.mark.parametrize("parts", [["0.01"] * 7, ["129.66", "129.67", "129.67"], ["388.99", "0.01"]])
def test_many_parts_end_where_one_refund_does(store: Store, parts: list[str]) -> None:
    order = bought(store)
    for number, part in enumerate(parts):
        refund(store, order, part, authCode=str(number))
    refunded = int(sum(Decimal(part) for part in parts) * 100)
    if refunded < TOTAL:
        assert reward_of(order).reward_amount_wei == GRANTED * (TOTAL - refunded) // TOTAL
    assert find_payment(order.order_reference).refunded_minor == refunded
    assert run_checks() == {}


def test_equal_signed_fields_are_one_refund_and_others_are_not(store: Store) -> None:
    order = bought(store)
    refund(store, order, "50.00")
    refund(store, order, "50")
    assert last_outcome() == ("duplicate", None)
    refund(store, order, "50.00", authCode="999")
    assert find_payment(order.order_reference).refunded_minor == 10_000


def test_more_than_is_left_stays_unmatched(store: Store) -> None:
    order = bought(store)
    refund(store, order, "300.00")
    refund(store, order, "89.01")
    assert last_outcome() == ("unmatched", "refund_exceeds")
    assert find_payment(order.order_reference).refunded_minor == 30_000
    refund(store, order, "89.00")
    assert find_payment(order.order_reference).status == "refunded"
    refund(store, order, "1.00")
    assert last_outcome() == ("unmatched", "refund_exceeds")
    assert run_checks() == {}


def test_two_equal_callbacks_at_the_same_moment_count_once(store: Store) -> None:
    order = bought(store)
    body = store.callback(order, "Refunded", amount="100.00")
    errors: list[BaseException] = []

    def send() -> None:
        try:
            with connection():
                store.receive(body)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=send) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    assert find_payment(order.order_reference).refunded_minor == 10_000
    assert PaymentRefund.select().count() == 1
    assert run_checks() == {}


# ---------------------------------------------------------------------- before the payment


def test_a_partial_refund_waits_for_its_payment(store: Store) -> None:
    order = store.place(store.newcomer("ann"), cookie=store.code).order
    store.leave(order)
    refund(store, order, "100.00")
    assert last_outcome() == ("applied", "refund_waits")
    assert find_payment(order.order_reference).refunded_minor == 0
    store.tell(order)
    payment = find_payment(order.order_reference)
    assert (payment.status, payment.refunded_minor) == ("paid", 10_000)
    assert reward_of(order).reward_amount_wei == GRANTED * (TOTAL - 10_000) // TOTAL
    assert run_checks() == {}


@pytest.mark.parametrize("parts", [["389.00"], ["100.00", "289.00"], ["100.00", "389.00"]])
def test_a_full_refund_before_the_payment_closes_it(store: Store, parts: list[str]) -> None:
    order = store.place(store.newcomer("ann"), cookie=store.code).order
    store.leave(order)
    for part in parts:
        refund(store, order, part)
    store.tell(order)
    payment = find_payment(order.order_reference)
    assert (payment.status, payment.refunded_minor) == ("refunded", TOTAL)
    assert Order.get_by_id(order.id).status == "created"
    assert not Settlement.select().exists()
    assert run_checks() == {}


def test_a_late_approved_revives_nothing(store: Store) -> None:
    order = bought(store)
    refund(store, order)
    store.tell(order, authCode="late")
    assert find_payment(order.order_reference).status == "refunded"
    assert Order.get_by_id(order.id).status == "refunded"
    assert run_checks() == {}


@pytest.mark.parametrize("amount", ["389.00", "100.00"])
@pytest.mark.parametrize("rail", ["commission", "reward"])
def test_a_rail_written_after_the_refund_is_brought_down(
    store: Store, rail: str, amount: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("this rail is broken")

    with monkeypatch.context() as patch:
        patch.setattr(
            write_ledgers, {"commission": "write_settlement", "reward": "record_reward"}[rail], fail
        )
        order = bought(store)
    refund(store, order, amount)
    retry_ledgers(store.chain, store.settings)
    assert run_checks() == {}
    settled = sum(row.amount_minor for row in sales(order) if row.status != "cancelled")
    assert settled == TOTAL - int(Decimal(amount) * 100)


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
