"""The journal: transfers of each operation, append-only rows, and checks that detect differences."""

from __future__ import annotations

import pytest
from peewee import IntegrityError, fn

from models import (
    Currency,
    JournalAccountBalance,
    JournalBalanceDelta,
    JournalKindBalance,
    JournalTransfer,
    MerchantConfig,
    Order,
    Payout,
    ReferralReward,
    Settlement,
    database,
)
from portal.commissions import payouts, read_plan
from portal.commissions.rules import commission_columns
from portal.db import Actor, query, transaction
from portal.db.checks import run_checks
from portal.flows.approvals.decide_reward import approve
from portal.flows.checkout.begin_payment import begin_membership_payment
from portal.flows.checkout.settle_payment import pay_with_credit
from portal.journal import (
    JournalFilter,
    balances_of_kinds,
    fold_journal_balances,
    list_balances,
    list_journal_ledger,
    list_transfers_of,
)
from portal.lib.currencies import CURRENCIES
from portal.lib.money import minor_digits, parse_major
from portal.payments import add_credit
from portal.rewards import minting
from tests.factories import make_settlement, make_user, make_vendor
from tests.flows.conftest import Store

pytestmark = pytest.mark.system_postgres

TESTER = Actor.job("test")


def transfers_of(reference: str | None, *, since: int = 0) -> list[tuple[str, str, str, int]]:
    """Return the transfers of a reference, accounts without their owners."""
    rows = JournalTransfer.select().where(
        JournalTransfer.order_reference.is_null()
        if reference is None
        else JournalTransfer.order_reference == reference,
        JournalTransfer.id > since,
    )
    return [
        (row.kind, row.debit_account.partition(":")[0], row.credit_account.partition(":")[0], row.amount)
        for row in rows.order_by(JournalTransfer.id)
    ]


def last_transfer_id() -> int:
    return int(JournalTransfer.select(fn.MAX(JournalTransfer.id)).scalar() or 0)


def balances(currency: str) -> dict[str, int]:
    """Return the balance of each kind of account, except credit."""
    by_kind = {row.kind: row.balance for row in list_balances() if row.currency == currency and row.balance}
    assert sum(by_kind.values()) == 0
    return {kind: balance for kind, balance in by_kind.items() if not kind.startswith("credit")}


def pay_order(store: Store, *slugs: str) -> Order:
    return store.pay(store.newcomer("ann"), *slugs, cookie=store.code)


def pay_out() -> Payout:
    Settlement.update(scheduled_for=fn.now()).execute()
    with transaction():
        batch = payouts.open_batch(read_plan(lock=True), mode="simulated", key=None, actor=TESTER, quotes={})
    payouts.begin_batch(batch, TESTER)
    for payout in Payout.select().where(Payout.batch == batch):
        payouts.complete_payout(payout.id, f"sim_{payout.id}", TESTER, simulated=True)
    payouts.finish_batch(batch, TESTER)
    return Payout.select().order_by(Payout.id.desc()).get()


def test_paid_order_posts_every_share(store: Store) -> None:
    order = pay_order(store, "mountain-tea")
    settlement = Settlement.get()
    reward = ReferralReward.get()
    referral = next(row for row in transfers_of(order.order_reference) if row[0] == "referral_commission")[3]
    assert transfers_of(order.order_reference) == [
        ("payment", "processor", "clearing", order.total_minor),
        ("vendor_payable", "clearing", "vendor_payable", settlement.net_payout_minor),
        ("platform_commission", "clearing", "platform_commission", settlement.commission_minor - referral),
        ("referral_commission", "clearing", "referral_commission", referral),
        ("reward_granted", "reward_expense", "reward_payable", reward.reward_amount_wei),
    ]
    assert "clearing" not in balances("UAH")
    assert run_checks() == {}


def test_full_refund_reverses_every_transfer(store: Store) -> None:
    order = pay_order(store)
    store.send_callback(order, "Refunded", amount="389.00")
    assert balances("UAH") == {}
    assert balances("TOKEN") == {}
    assert {kind for kind, *_ in transfers_of(order.order_reference)} >= {"refund", "vendor_payable_reversed"}
    assert run_checks() == {}


def test_credit_is_posted_when_added_and_spent(store: Store) -> None:
    buyer = store.newcomer("ann")
    add_credit(buyer.id, 50_000, "UAH", "a present", TESTER)
    assert transfers_of(None)[-1] == ("credit_added", "credit_issued", "credit", 50_000)
    order = store.place(buyer, cookie=store.code).order
    pay_with_credit(order.id, buyer, store.chain, store.settings)
    assert transfers_of(order.order_reference)[0] == ("credit_spent", "credit", "clearing", 38_900)
    assert run_checks() == {}


def test_payout_moves_the_vendor_balance_to_payout_and_reserve(store: Store) -> None:
    order = pay_order(store, "mountain-tea")
    net = Settlement.get().net_payout_minor
    MerchantConfig.update(reserve_percent=10, minimum_payout_minor=0).execute()
    payout = pay_out()
    assert payout.reserve_minor > 0
    assert transfers_of(order.order_reference)[-1] == ("payout_settled", "vendor_payable", "payout", net)
    assert transfers_of(None)[-2:] == [
        ("reserve_kept", "payout", "vendor_reserve", payout.reserve_minor),
        ("payout_sent", "payout", "vendors_paid", payout.amount_minor),
    ]
    assert "vendor_payable" not in balances("UAH")
    payouts.reopen_payouts([payout.id], TESTER)
    assert balances("UAH")["vendor_payable"] == net
    assert "vendors_paid" not in balances("UAH")
    assert run_checks() == {}


def test_refund_of_a_minted_reward_posts_a_debit(store: Store) -> None:
    order = pay_order(store)
    reward = approve(ReferralReward.get().id, store.user("admin").id, store.settings)
    minting.claim_mintable([reward.id], chain_id=1, token="0x" + "1" * 40, actor=TESTER)
    minting.record_minted({reward.id: "0x" + "1" * 64}, TESTER)
    wei = reward.reward_amount_wei
    assert balances("TOKEN") == {"reward_expense": -wei, "tokens_minted": wei}
    store.send_callback(order, "Refunded", amount="389.00")
    assert balances("TOKEN") == {"reward_debit": -wei, "tokens_minted": wei}
    assert run_checks() == {}


def test_membership_is_revenue_until_refunded(store: Store) -> None:
    buyer = store.newcomer("ann", referred=True)
    payment = begin_membership_payment("MEMBER", buyer, "en", store.settings)
    reference = payment.fields["orderReference"]
    fields = {"orderReference": reference, "amount": "299.00", "currency": "UAH"}
    store.send_callback(store.place(buyer).order, **fields)
    assert transfers_of(reference)[:2] == [
        ("payment", "processor", "clearing", 29_900),
        ("membership", "clearing", "membership_revenue", 29_900),
    ]
    store.send_callback(store.place(buyer).order, "Refunded", **{**fields, "amount": "99.00"})
    assert balances("UAH") == {"processor": -20_000, "membership_revenue": 20_000}
    assert run_checks() == {}


def test_imported_settlements_post_no_payable(database: str) -> None:
    make_settlement(make_vendor(), 100_000, status="completed", transaction_id="old")
    assert "vendor_payable" not in balances("UAH")


@pytest.mark.parametrize(
    "statement",
    ["UPDATE journal_transfers SET amount = amount + 1", "DELETE FROM journal_transfers"],
)
def test_transfers_are_append_only(store: Store, statement: str) -> None:
    pay_order(store)
    with pytest.raises(IntegrityError, match="append-only"), transaction():
        database.execute_sql(statement)


@pytest.mark.parametrize(
    ("account", "check"),
    [
        ("vendor_payable:1", "journal_agrees_with_payouts"),
        ("credit:1", "journal_agrees_with_credit"),
        ("reward_payable:1", "journal_agrees_with_rewards"),
        ("clearing", "journal_clearing_is_empty"),
    ],
)
def test_unexplained_transfer_fails_a_check(store: Store, account: str, check: str) -> None:
    order = pay_order(store)
    JournalTransfer.insert(
        kind="payment",
        order_reference=order.order_reference,
        currency="TOKEN" if account.startswith("reward") else "UAH",
        debit_account="somewhere",
        credit_account=account,
        amount=1,
        source="payment",
        source_id=0,
    ).execute()
    assert check in run_checks()


def test_unposted_payment_or_settlement_fails_a_check(store: Store) -> None:
    pay_order(store)
    with database.atomic() as transaction:
        for table, change in (
            ("payment_transactions", "refunded_minor = 1"),
            ("settlements", "amount_minor = amount_minor + 1, net_payout_minor = net_payout_minor + 1"),
        ):
            database.execute_sql(f"ALTER TABLE {table} DISABLE TRIGGER {table}_journal")
            database.execute_sql(f"UPDATE {table} SET {change}")
        failed_checks = set(run_checks())
        transaction.rollback()
    assert {"journal_agrees_with_payments", "journal_agrees_with_settlements"} <= failed_checks


def test_journal_does_not_read_the_displayed_breakdown(store: Store) -> None:
    pay_order(store, "mountain-tea")
    assert run_checks() == {}
    before = last_transfer_id()
    database.execute_sql(
        """UPDATE settlements SET metadata = jsonb_set(metadata #- '{commissionBreakdown,referralCommission}',
           '{commissionBreakdown,referral}', '"99999.00"')"""
    )
    assert last_transfer_id() == before
    assert set(run_checks()) == {"settlement_parts_match_their_breakdown"}


@pytest.mark.parametrize(
    ("change", "constraint"),
    [
        ("platform_commission_minor = platform_commission_minor + 1", "settlements_parts_add_up"),
        ("split_commissions = '{\"fund\": 1}'", "settlements_parts_add_up"),
        ('split_commissions = \'{"fund": "0"}\'', "settlements_integer_splits"),
        ("split_commissions = '[]'", "settlements_integer_splits"),
    ],
)
def test_parts_of_a_commission_add_up(store: Store, change: str, constraint: str) -> None:
    pay_order(store)
    with pytest.raises(IntegrityError, match=constraint), transaction():
        database.execute_sql(f"UPDATE settlements SET {change}")


def test_custom_splits_are_owed_to_their_recipients(database: str) -> None:
    splits = [{"recipientId": "fund", "amount": "4.80"}, {"recipientId": "fund", "amount": "0.20"}]
    breakdown = {
        "platformCommission": "10.00",
        "referralCommission": "5.00",
        "customSplits": splits,
        "totalCommission": "20.00",
    }
    make_settlement(
        make_vendor(),
        10_000,
        commission_minor=2_000,
        net_payout_minor=8_000,
        metadata={"commissionBreakdown": breakdown},
        **commission_columns(breakdown, "UAH"),
    )
    assert balances("UAH") == {
        "clearing": -10_000,
        "vendor_payable": 8_000,
        "platform_commission": 1_000,
        "referral_commission": 500,
        "split_payable": 500,
    }
    assert "settlement_parts_match_their_breakdown" not in run_checks()


def test_trial_balance_is_the_same_before_and_after_folding(store: Store) -> None:
    pay_order(store, "mountain-tea")
    before = list_balances()
    assert JournalBalanceDelta.select().count() > 0
    assert fold_journal_balances() > 0
    assert JournalBalanceDelta.select().count() == 0
    assert list_balances() == before
    assert run_checks() == {}
    JournalKindBalance.update(accounts=JournalKindBalance.accounts + 1).where(
        JournalKindBalance.kind == "clearing"
    ).execute()
    assert "journal_kinds_match_the_accounts" in run_checks()
    JournalAccountBalance.update(balance=JournalAccountBalance.balance + 1).where(
        JournalAccountBalance.account == "clearing"
    ).execute()
    assert "journal_balances_match_the_transfers" in run_checks()


def test_trial_balance_counts_old_and_new_accounts_once(store: Store) -> None:
    pay_order(store)
    fold_journal_balances()
    add_credit(make_user().id, 500, "UAH", "new account", TESTER)
    fold_journal_balances()
    add_credit(make_user().id, 500, "UAH", "new account", TESTER)
    store.pay(store.newcomer("ben"), cookie=store.code)
    rows = query(
        "SELECT split_part(account, ':', 1), currency, count(*), sum(balance) FROM journal_balances"
        " GROUP BY 1, 2 ORDER BY currency, 1"
    )
    assert [(each.kind, each.currency, each.accounts, each.balance) for each in list_balances()] == rows
    some = ("credit", "clearing")
    by_kind = {(kind, currency): sum_ for kind, currency, _count, sum_ in rows if kind in some and sum_}
    assert balances_of_kinds(some) == by_kind
    fold_journal_balances()
    assert [(each.kind, each.currency, each.accounts, each.balance) for each in list_balances()] == rows
    assert run_checks() == {}


def test_minor_units_match_the_money_module(database: str) -> None:
    assert {row.code: row.digits for row in Currency.select()} == CURRENCIES
    for currency in [*CURRENCIES, "XYZ"]:
        rows = JournalTransfer.raw("SELECT minor_units('1.00', %s) AS amount", currency).dicts()
        assert rows[0]["amount"] == 10 ** minor_digits(currency) == parse_major("1", currency)


def test_ledger_lists_every_transfer_once_and_filters_by_account(store: Store) -> None:
    order = pay_order(store)
    transfers = list(list_journal_ledger(JournalFilter()))
    assert [row.id for row in transfers] == sorted((row.id for row in transfers), reverse=True)
    assert len(transfers) == JournalTransfer.select().count()
    assert len(list_transfers_of(order.order_reference)) == len(
        list(list_journal_ledger(JournalFilter(reference=order.order_reference)))
    )
    account_transfers = list(list_journal_ledger(JournalFilter(account="referral_commission")))
    assert {row.credit_account for row in account_transfers} == {"referral_commission"}
