"""Invariants hold after any sequence of payments, refunds, decisions, mints and payouts."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from peewee import fn

from models import Order, Payout, ReferralReward, RewardDebit, Settlement, database
from portal.commissions import hold_settlement, payouts, read_plan, release_settlement, retry_settlement
from portal.db import Actor
from portal.db.checks import run_checks
from portal.flows.approvals.decide_reward import approve, reject, retry
from portal.flows.refunds.refund_payment import settle_refunds
from portal.lib.errors import PortalError
from portal.payments import find_payment
from portal.rewards import minting
from portal.rewards.rules import refund_target
from tests.flows.conftest import Store
from tests.support.repeats import repeats

TESTER = Actor.job("test")
ORDERS = st.integers(0, 2)
AMOUNTS = st.one_of(st.just(38_900), st.integers(1, 38_900), st.sampled_from([1, 100, 19_450, 38_899]))


class Refunds(RuleBasedStateMachine):
    """Three orders of one referrer; every event may occur at any time and repeatedly."""

    store: Store

    @initialize()
    def set_up_orders(self) -> None:
        """Run each example in a transaction that teardown rolls back."""
        self.outer = database.atomic()
        self.outer.__enter__()
        self.orders = [
            self.store.place(self.store.newcomer(f"buyer{number}"), cookie=self.store.code).order
            for number in range(3)
        ]
        for order in self.orders:
            self.store.begin_payment(order)
        self.hash = 0

    def teardown(self) -> None:
        if hasattr(self, "outer"):
            self.outer.__exit__(RuntimeError, RuntimeError("take it all back"), None)

    @rule(which=ORDERS, code=st.sampled_from(["541963", "again"]))
    def receive_approved(self, which: int, code: str) -> None:
        self.store.send_callback(self.orders[which], authCode=code)

    @rule(
        which=ORDERS,
        amount=AMOUNTS,
        code=st.sampled_from(["1", "2"]),
        status=st.sampled_from(["Refunded", "Voided"]),
    )
    def receive_refund(self, which: int, amount: int, code: str, status: str) -> None:
        before = find_payment(self.orders[which].order_reference)
        text = f"{amount / Decimal(100):.2f}"
        for _ in range(2):
            self.store.send_callback(self.orders[which], status, amount=text, authCode=code)
        after = find_payment(self.orders[which].order_reference)
        if before.status == "paid":
            assert after.refunded_minor - before.refunded_minor in (0, amount)

    @rule(which=ORDERS, decision=st.sampled_from(["approve", "reject", "retry"]))
    def decide_reward(self, which: int, decision: str) -> None:
        reward = self.reward(which)
        admin = self.store.user("admin").id
        try:
            if reward is not None and decision == "approve":
                approve(reward.id, admin, self.store.settings)
            elif reward is not None and decision == "reject":
                reject(reward.id, "No.", admin)
            elif reward is not None:
                retry(reward.id, admin, self.store.chain, self.store.settings)
        except PortalError:
            pass

    @rule(which=ORDERS)
    def claim_reward(self, which: int) -> None:
        if (reward := self.reward(which)) is not None:
            minting.claim_mintable([reward.id], chain_id=1, token="0x" + "1" * 40, actor=TESTER)

    @rule(which=ORDERS, outcome=st.sampled_from(["minted", "minted", "approved", "failed"]))
    def record_mint_outcome(self, which: int, outcome: str) -> None:
        reward = self.reward(which)
        if reward is None:
            return
        self.hash += 1
        if outcome == "minted":
            minting.record_minted({reward.id: f"0x{self.hash:064x}"}, TESTER)
        elif outcome == "approved":
            minting.return_to_approved([reward.id], "unpaid", TESTER)
        else:
            minting.fail_mint({reward.id: "refused"}, TESTER)

    @rule(which=ORDERS)
    def reorganise_chain(self, which: int) -> None:
        reward = self.reward(which)
        if reward is not None and reward.status == "minted":
            minting.reopen_minted([reward.id], TESTER)

    @rule()
    def make_settlements_due(self) -> None:
        Settlement.update(scheduled_for=fn.now()).where(Settlement.status == "pending").execute()

    @rule()
    def open_payout_batch(self) -> None:
        plan = read_plan(lock=True)
        if plan.payouts:
            payouts.open_batch(plan, mode="simulated", key=None, actor=TESTER, quotes={})

    @rule(outcome=st.sampled_from(["completed", "completed", "failed"]))
    def finish_oldest_payout(self, outcome: str) -> None:
        payout = Payout.select().where(Payout.status == "processing").order_by(Payout.id).first()
        if payout is None:
            return
        payouts.begin_batch(payout.batch_id, TESTER)
        if outcome == "completed":
            payouts.complete_payout(payout.id, f"sim_{payout.id}", TESTER, simulated=True)
        else:
            payouts.fail_payout(payout.id, "the bank said no", TESTER)
        payouts.finish_batch(payout.batch_id, TESTER)

    @rule(which=ORDERS, decision=st.sampled_from(["hold", "release", "retry"]))
    def decide_settlements(self, which: int, decision: str) -> None:
        settlements = Settlement.select().where(
            Settlement.order_reference == self.orders[which].order_reference
        )
        for row in settlements.order_by(Settlement.id):
            try:
                if decision == "hold":
                    hold_settlement(row.id, "We look into it.", TESTER)
                elif decision == "release":
                    release_settlement(row.id, "All is well.", TESTER)
                else:
                    retry_settlement(row.id, TESTER)
            except PortalError:
                pass

    @rule()
    def run_refund_job(self) -> None:
        settle_refunds(TESTER)
        settle_refunds(TESTER)
        assert (
            not ReferralReward.select()
            .where(ReferralReward.refund_due & (ReferralReward.status != "minting"))
            .exists()
        )

    @invariant()
    @precondition(lambda self: hasattr(self, "orders"))
    def invariants_hold(self) -> None:
        assert run_checks() == {}

    @invariant()
    @precondition(lambda self: hasattr(self, "orders"))
    def rewards_are_exact(self) -> None:
        for number, order in enumerate(self.orders):
            reward, payment = self.reward(number), find_payment(order.order_reference)
            if reward is None or reward.status == "rejected" or reward.refund_due:
                continue
            owed = sum(
                debit.amount_wei for debit in RewardDebit.select().where(RewardDebit.reward_id == reward.id)
            )
            target = refund_target(6_725 * 10**15, payment.amount_minor, payment.refunded_minor)
            assert reward.reward_amount_wei + reward.netted_wei - owed == target

    @invariant()
    @precondition(lambda self: hasattr(self, "orders"))
    def order_status_follows_payment_status(self) -> None:
        for order in self.orders:
            payment = find_payment(order.order_reference)
            paid = Order.get_by_id(order.id).paid_at is not None
            expected = (
                {"refunded": "refunded", "paid": "paid"}.get(payment.status, "created") if paid else "created"
            )
            assert Order.get_by_id(order.id).status == expected

    def reward(self, which: int) -> ReferralReward | None:
        return ReferralReward.get_or_none(
            ReferralReward.order_reference == self.orders[which].order_reference
        )


@pytest.mark.slow
def test_any_sequence_keeps_invariants(store: Store) -> None:
    machine_settings = settings(
        max_examples=repeats(10, many=25),
        stateful_step_count=25,
        deadline=None,
        # Shrinking takes minutes on a real database; the failing steps are printed in full.
        phases=(Phase.explicit, Phase.generate),
        suppress_health_check=list(HealthCheck),
        derandomize=True,
    )
    run_state_machine_as_test(type("RefundsOfStore", (Refunds,), {"store": store}), settings=machine_settings)
