"""Every commission is owed once, on one statement or on none, after any sequence of sales, refunds and statements."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from peewee import fn

from models import CommissionStatement, Order, PaymentTransaction, ReferralReward, Settlement, database
from portal.commissions import (
    hold_settlement,
    owes_commission,
    page_of_owed_commissions,
    read_plan,
    release_settlement,
    void_statement,
)
from portal.db.checks import run_checks
from portal.flows.statements.decide_statement import record_statement_payment
from portal.lib.errors import PortalError
from tests.factories import ACTOR
from tests.flows.statements.world import StatementWorld, open_now

ORDERS = st.integers(0, 3)


class Statements(RuleBasedStateMachine):
    """Four orders of two vendors whose store collects the money."""

    @initialize()
    def set_up_orders(self) -> None:
        """Run each example in a transaction that teardown rolls back."""
        self.outer = database.atomic()
        self.outer.__enter__()
        self.world = StatementWorld(reward_waits_for="statement")
        amounts = ((10_000,), (333, 667), (10_000, 1), (5_000, 20_000))
        self.orders = [self.world.order(*each) for each in amounts]

    def teardown(self) -> None:
        if hasattr(self, "outer"):
            self.outer.__exit__(RuntimeError, RuntimeError("take it all back"), None)

    @rule(which=ORDERS)
    def pay(self, which: int) -> None:
        order = Order.get_by_id(self.orders[which].id)
        if order.status == "created":
            self.world.pay(order)

    @rule(which=ORDERS, part=st.sampled_from([1, 100, 333, 5_000, 10_000]))
    def refund(self, which: int, part: int) -> None:
        order = Order.get_by_id(self.orders[which].id)
        payment = PaymentTransaction.get(PaymentTransaction.order_reference == order.order_reference)
        left = payment.amount_minor - payment.refunded_minor
        if order.status == "paid":
            assert self.world.refund(order, min(part, left))

    @rule(which=ORDERS)
    def refund_the_rest(self, which: int) -> None:
        self.refund(which, 10**9)

    @rule()
    def open_statements(self) -> None:
        open_now()

    @rule(decision=st.sampled_from(["pay", "pay", "void"]))
    def decide_oldest_statement(self, decision: str) -> None:
        statement = (
            CommissionStatement.select()
            .where(CommissionStatement.status == "open")
            .order_by(CommissionStatement.id)
            .first()
        )
        if statement is not None and decision == "pay":
            record_statement_payment(statement.id, "bank 1", ACTOR)
        elif statement is not None:
            void_statement(statement.id, "wrong", ACTOR)

    @rule(which=ORDERS, verb=st.sampled_from([hold_settlement, release_settlement]))
    def hold_or_release(self, which: int, verb: object) -> None:
        reference = self.orders[which].order_reference
        for row in Settlement.select().where(Settlement.order_reference == reference):
            with suppress(PortalError):
                verb(row.id, "a dispute", ACTOR)  # type: ignore[operator]

    @invariant()
    def check_ledgers(self) -> None:
        assert run_checks() == {}
        assert read_plan().payouts == ()

    @invariant()
    def check_every_commission_is_owed_or_paid_once(self) -> None:
        live = Settlement.status != "cancelled"
        commissions = Settlement.select(fn.SUM(Settlement.commission_minor)).where(live).scalar() or 0
        paid = CommissionStatement.select(fn.SUM(CommissionStatement.amount_minor)).where(
            CommissionStatement.status == "paid"
        )
        opened = CommissionStatement.select(fn.SUM(CommissionStatement.amount_minor)).where(
            CommissionStatement.status == "open"
        )
        owed = page_of_owed_commissions().rows
        assert sum(row.stated_minor for row in owed) == (opened.scalar() or 0)
        assert commissions == (paid.scalar() or 0) + sum(
            row.free_minor + row.held_minor + row.stated_minor for row in owed
        )

    @invariant()
    def check_rewards_wait_for_what_is_owed(self) -> None:
        for reward in ReferralReward.select().where(ReferralReward.status != "rejected"):
            assert reward.waits_for_statement == owes_commission(reward.order_reference)


@pytest.mark.slow
@pytest.mark.usefixtures("database")
def test_commissions_are_collected_once_in_any_sequence() -> None:
    run_state_machine_as_test(
        Statements,
        settings=settings(
            max_examples=15,
            stateful_step_count=20,
            deadline=None,
            phases=[Phase.generate],
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        ),
    )
