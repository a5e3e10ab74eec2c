"""What vendors owe for sales whose money the store collected: never paid out, collected by statements."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest

from models import (
    CommissionStatement,
    CommissionStatementItem,
    EventLog,
    JournalTransfer,
    MerchantConfig,
    Notification,
    Settlement,
    Store,
    WebhookEvent,
)
from portal.commissions import (
    PaidReferenceMissing,
    StatementStatusConflict,
    StatementUnknown,
    hold_settlement,
    list_state_sums,
    month_start,
    page_of_owed_commissions,
    read_plan,
    sum_due,
    unpaid_by_currency,
    void_statement,
)
from portal.commissions.foreign_payments import (
    SeenPayment,
    SettlementsNotAdoptable,
    adopt_foreign,
    record_foreign,
)
from portal.db import connection, query
from portal.db.checks import run_checks
from portal.flows.approvals.decide_reward import approve
from portal.flows.payouts.pay_settlements import run_payouts
from portal.flows.statements.decide_statement import record_statement_payment
from portal.flows.statements.open_statements import (
    StatementTimeAhead,
    open_monthly_statements,
    open_statements,
)
from portal.lib.clock import utc_now
from portal.lib.folders import PROJECT
from portal.rewards.minting import list_mintable, require_mintable
from portal.webhooks import STATEMENT_OPENED, create_endpoint
from tests.factories import ACTOR, make_admin, make_store
from tests.flows.statements.world import SETTINGS, StatementWorld, open_now, reward_of, settlements_of


@pytest.fixture
def world(database: str) -> StatementWorld:
    return StatementWorld()


def balances() -> dict[str, int]:
    return {account: int(balance) for account, balance in query("SELECT account, balance FROM journal_balances")
            if balance}  # fmt: skip


def move_before_this_month() -> None:
    last_month = month_start(utc_now(), SETTINGS.timezone) - timedelta(days=2)
    Settlement.update(created_at=last_month).execute()


def test_store_collected_sale_is_in_no_payout_figure(world: StatementWorld) -> None:
    order = world.sell(10_000, 5_000)
    Settlement.update(scheduled_for=utc_now() - timedelta(days=1)).execute()
    vendor = world.vendors[0].id
    assert read_plan().payouts == ()
    assert (list_state_sums(), sum_due(), unpaid_by_currency(vendor)) == ([], {}, {})
    wallet, some_hash = "0x" + "2" * 40, "0x" + "3" * 64
    payment_id = record_foreign(SeenPayment(1, wallet, some_hash, wallet, 5, some_hash, 1))
    settlement = Settlement.get(Settlement.order_reference == order.order_reference)
    with pytest.raises(SettlementsNotAdoptable):
        adopt_foreign(payment_id, [settlement.id], ("0x" + "1" * 40, 6), ACTOR)
    owed = [(row.vendor_id, row.free_minor, row.stated_minor) for row in page_of_owed_commissions().rows]
    assert owed == [(world.vendors[0].id, 2_500, 0), (world.vendors[1].id, 1_250, 0)]
    assert "processor:wayforpay" not in balances()
    assert run_checks() == {}


def test_statement_is_opened_paid_and_booked(world: StatementWorld) -> None:
    order = world.sell(10_000)
    (statement,) = open_now()
    assert (statement.vendor_id, statement.currency, statement.amount_minor) == (
        world.vendors[0].id, "UAH", 2_500,
    )  # fmt: skip
    assert settlements_of(order) == [("sale", "processing", 2_500)]
    notice = Notification.get(Notification.user_id == world.owner.id)
    assert (notice.kind, notice.params["amountMinor"]) == ("commission_statement_opened", "2500")
    assert balances()[f"vendor_receivable:{world.vendors[0].id}"] == -2_500
    assert open_now() == []
    with pytest.raises(PaidReferenceMissing):
        record_statement_payment(statement.id, " ", ACTOR)
    record_statement_payment(statement.id, "bank 77", ACTOR)
    statement = CommissionStatement.get_by_id(statement.id)
    assert (statement.status, statement.paid_reference) == ("paid", "bank 77")
    assert settlements_of(order) == [("sale", "completed", 2_500)]
    assert {name: value for name, value in balances().items() if "reward" not in name} == {
        "commissions_received": -2_500,
        "platform_commission": 2_000,
        "referral_commission": 500,
    }
    for decide in (lambda: record_statement_payment(statement.id, "again", ACTOR),
                   lambda: void_statement(statement.id, "wrong", ACTOR)):  # fmt: skip
        with pytest.raises(StatementStatusConflict):
            decide()
    with pytest.raises(StatementUnknown):
        record_statement_payment(statement.id + 1, "x", ACTOR)
    assert run_checks() == {}


def test_refund_lowers_the_next_statement(world: StatementWorld) -> None:
    before, after = world.sell(10_000), world.sell(20_000)
    assert world.refund(before, 4_000)
    (statement,) = open_now()
    assert statement.amount_minor == 6_500
    assert world.refund(after, 20_000)
    assert settlements_of(after) == [("sale", "processing", 5_000), ("refund", "pending", -5_000)]
    assert open_now() == []  # less than nothing is owed: it waits for sales
    record_statement_payment(statement.id, "bank 1", ACTOR)
    world.sell(30_000)
    (following,) = open_now()
    assert following.amount_minor == 2_500
    assert following.period_start == statement.period_end
    assert run_checks() == {}


def test_settlement_without_a_commission_waits_for_no_statement(world: StatementWorld) -> None:
    MerchantConfig.update(platform_percent=0, referral_percent=0).execute()
    order = world.sell(10_000)
    move_before_this_month()
    assert open_monthly_statements(SETTINGS, ACTOR) == []
    assert settlements_of(order) == [("sale", "completed", 0)]
    assert world.refund(order, 4_000)
    assert open_now() == []
    assert settlements_of(order) == [("sale", "completed", 0), ("refund", "completed", 0)]
    assert EventLog.select().where(EventLog.event == "settlement_closed").count() == 2
    assert run_checks() == {}


def test_void_statement_frees_its_settlements(world: StatementWorld) -> None:
    order, held = world.sell(10_000), world.sell(10_000)
    hold_settlement(Settlement.get(Settlement.order_reference == held.order_reference).id, "a dispute", ACTOR)
    (statement,) = open_now()
    assert statement.amount_minor == 2_500
    void_statement(statement.id, "wrong month", ACTOR)
    assert settlements_of(order) == [("sale", "pending", 2_500)]
    (again,) = open_now()
    assert (again.amount_minor, CommissionStatementItem.select().count()) == (2_500, 2)
    assert run_checks() == {}


def test_month_is_stated_once_even_after_a_void(world: StatementWorld) -> None:
    world.sell(10_000)
    assert open_monthly_statements(SETTINGS, ACTOR) == []
    move_before_this_month()
    world.sell(5_000)
    (opened,) = open_monthly_statements(SETTINGS, ACTOR)
    statement = CommissionStatement.get_by_id(opened)
    assert statement.amount_minor == 2_500
    this_month = month_start(utc_now(), SETTINGS.timezone)
    assert (statement.period_start, statement.period_end) == (
        month_start(this_month - timedelta(days=2), SETTINGS.timezone), this_month,
    )  # fmt: skip
    assert open_monthly_statements(SETTINGS, ACTOR) == []
    void_statement(opened, "not agreed", ACTOR)
    assert open_monthly_statements(SETTINGS, ACTOR) == []
    assert [row.amount_minor for row in open_now()] == [3_750]
    with pytest.raises(StatementTimeAhead):
        open_statements(utc_now() + timedelta(days=1), SETTINGS, ACTOR)
    assert run_checks() == {}


@pytest.mark.system_postgres
def test_statements_opened_side_by_side_collect_each_sale_once(world: StatementWorld) -> None:
    for _ in range(3):
        world.sell(10_000, 10_000)
    move_before_this_month()

    def run(index: int) -> None:
        with connection():
            if index % 2:
                open_statements(None, SETTINGS, ACTOR)
            else:
                open_monthly_statements(SETTINGS, ACTOR)

    threads = [threading.Thread(target=run, args=[index]) for index in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(row.amount_minor for row in CommissionStatement.select()) == [7_500, 7_500]
    assert run_checks() == {}


def test_reward_waits_for_every_statement_of_its_order(database: str) -> None:
    world = StatementWorld(reward_waits_for="statement")
    order = world.sell(10_000, 5_000)
    reward = reward_of(order)
    approve(reward.id, make_admin().id, SETTINGS)
    assert (reward_of(order).status, list_mintable(5, chain_id=1)) == ("approved", [])
    with pytest.raises(Exception, match="reward_waits_for_statement"):
        require_mintable(reward.id, 1)
    first, second = open_now()
    record_statement_payment(first.id, "bank 1", ACTOR)
    assert reward_of(order).waits_for_statement
    record_statement_payment(second.id, "bank 2", ACTOR)
    assert [row.id for row in list_mintable(5, chain_id=1)] == [reward.id]
    assert run_checks() == {}


def test_refund_of_the_last_unpaid_sale_ends_the_wait(database: str) -> None:
    world = StatementWorld(reward_waits_for="statement")
    order = world.sell(10_000)
    assert reward_of(order).waits_for_statement
    (statement,) = open_now()
    world.refund(order, 5_000)
    assert reward_of(order).waits_for_statement  # the statement still has to be paid
    record_statement_payment(statement.id, "bank 1", ACTOR)
    assert not reward_of(order).waits_for_statement
    refunded = world.sell(10_000)
    world.refund(refunded, 10_000)
    assert (reward_of(refunded).status, reward_of(refunded).waits_for_statement) == ("rejected", False)
    assert run_checks() == {}


def test_money_of_a_store_beyond_its_sales_is_passed_on(database: str) -> None:
    world = StatementWorld(collected_by="platform", reward_waits_for="statement")
    order = world.pay(world.order(10_000, paid_minor=13_500))
    assert not reward_of(order).waits_for_statement
    found = balances()
    assert found[f"pass_through:{world.store.id}"] == 3_500
    assert (found["processor:wayforpay"], "clearing" in found) == (-13_500, False)
    assert found[f"vendor_payable:{world.vendors[0].id}"] == 7_500
    assert run_checks() == {}
    assert world.refund(order, 4_000, goods_minor=3_000)
    assert balances()[f"pass_through:{world.store.id}"] == 2_500
    assert run_checks() == {}
    Settlement.update(scheduled_for=utc_now() - timedelta(days=1)).execute()
    run_payouts(SETTINGS, ACTOR)
    assert world.refund(order, 9_500)
    assert not {name for name in balances() if name.startswith(("pass_through", "clearing", "processor"))}
    assert run_checks() == {}


def test_later_setting_of_the_store_changes_no_order(world: StatementWorld) -> None:
    order = world.order(10_000)
    Store.update(collected_by="platform").where(Store.id == world.store.id).execute()
    assert world.pay(order).collected_by == "store"
    assert not JournalTransfer.select().where(JournalTransfer.source == "payment").exists()
    assert run_checks() == {}


def test_opened_statement_is_sent_to_its_store(world: StatementWorld) -> None:
    for store in (world.store, make_store(world.vendors[0])):
        create_endpoint(
            store.id, "https://hooks.example/in", [STATEMENT_OPENED], ACTOR, key="tests", allow_private=False
        )
    world.sell(100_000)
    open_now()
    event = WebhookEvent.get()
    assert event.store_id == world.store.id
    data, statement = event.payload, CommissionStatement.get()
    assert (data["statementId"], data["amount"]) == (str(statement.id), "250.00")
    documented = (PROJECT / "docs" / "stores" / "webhooks.md").read_text()
    assert all(f'"{name}": ' in documented for name in data)
