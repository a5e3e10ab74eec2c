"""More failing items than one run takes at the head of each queue: those behind are done, the failing set aside."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import psycopg2
import pytest
from peewee import OperationalError

import jobs
from models import (
    FailingItem,
    MailOutbox,
    PasswordResetRequest,
    PaymentEvent,
    PaymentRefund,
    PaymentTransaction,
    RailFailure,
    ReferralReward,
)
from portal.db import checks as checking
from portal.db import query, transaction
from portal.db.checks import run_checks
from portal.db.connection import current_url
from portal.db.failing import list_failing
from portal.flows.accounts import account_mail
from portal.flows.checkout import paid_parts
from portal.flows.checkout import reconcile as reconciling
from portal.flows.checkout.retry_ledgers import retry_ledgers
from portal.flows.checkout.settle_inbox import settle_inbox
from portal.flows.overviews import risk_hints
from portal.flows.refunds.refund_payment import settle_refunds
from portal.payments import Payment, RawCallback, Unclear, get_provider, store_callback
from portal.payments.providers.wayforpay.provider import WayForPay
from portal.runtime import Portal
from tests.factories import ACTOR, make_order, make_payment, make_reward, make_user
from tests.flows.conftest import Store
from tests.flows.payouts.settlements import SETTINGS

# Bodies that no provider sends, and that a bug, a migration or a hand may leave in the inbox.
CORRUPT = ["", "not json", "[]", "null", "{}", '{"amount": "1e999"}', '{"orderReference": 7}', "\ufffd" * 9,
           '{"orderReference": "x", "amount": "NaN", "transactionStatus": "Approved"}']  # fmt: skip


def failing(queue: str) -> list[FailingItem]:
    rows = FailingItem.select().where(FailingItem.queue == queue)
    return list(rows.order_by(FailingItem.created_at, FailingItem.item_id))


def run_until(done: Callable[[], bool], run: Callable[[], object], rounds: int = 5) -> None:
    for _ in range(rounds):
        run()
        if done():
            return
    pytest.fail(f"not done after {rounds} runs")


def store_unapplied(provider: str, payload: str) -> int:
    return store_callback(provider, payload, authentic=True, order_reference=None, fingerprint=None)


def test_callbacks(store: Store) -> None:
    for number in range(220):
        store_callback(
            "wayforpay",
            CORRUPT[number % len(CORRUPT)],
            authentic=True,
            order_reference=None,
            fingerprint=None,
        )
    store_unapplied("a provider that is gone", "{}")
    order = store.place(store.newcomer("ann")).order
    store.begin_payment(order)
    callback = get_provider("wayforpay", store.settings).read_callback(
        RawCallback("wayforpay", store.callback(order))
    )
    good = store_callback(
        "wayforpay", callback.payload, authentic=True, order_reference=callback.order_reference,
        fingerprint=callback.fingerprint,
    )  # fmt: skip
    run_until(
        lambda: PaymentEvent.get_by_id(good).outcome == "applied",
        lambda: settle_inbox(store.chain, store.settings),
    )
    undecided = PaymentEvent.select().where(PaymentEvent.outcome.is_null())
    assert {str(event.id) for event in undecided} == {item.item_id for item in failing("callbacks")}
    assert len(failing("callbacks")) > 100
    assert all(item.reason for item in failing("callbacks"))
    # Nothing is tried again before its time.
    assert settle_inbox(store.chain, store.settings) == 0
    assert {item.attempts for item in failing("callbacks")} == {1}


def requested_refunds(number: int) -> list[PaymentRefund]:
    refunds, admin = [], make_user(role="admin")
    for _ in range(number):
        payment = make_payment(make_order(make_user(), status="paid"), "paid")
        refund_id = PaymentRefund.insert(
            order_reference=payment.order_reference, amount_minor=1, currency=payment.currency, status="requested",
            source="admin", request_id=payment.order_reference, requested_by=admin.id, reason="Returned",
        ).execute()  # fmt: skip
        refunds.append(PaymentRefund.get_by_id(refund_id))
    query("UPDATE payment_refunds SET created_at = now() - interval '10 minutes'")
    return refunds


@pytest.mark.parametrize("answer", ["raises", "unclear"])
def test_refunds_to_check(store: Store, monkeypatch: pytest.MonkeyPatch, answer: str) -> None:
    refunds = requested_refunds(25)
    checked: list[str] = []

    def check(payment: PaymentTransaction, _settings: object) -> None:
        checked.append(payment.order_reference)
        if answer == "raises" and payment.order_reference != refunds[-1].order_reference:
            raise KeyError("transactionStatus")

    monkeypatch.setattr(reconciling, "_check", check)
    run_until(
        lambda: refunds[-1].order_reference in checked,
        lambda: reconciling.reconcile(store.chain, store.settings),
        2,
    )
    assert len(failing("refunds")) == (24 if answer == "raises" else 0)


def test_payments_to_check(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    payments = [make_payment(make_order(make_user()), rail="merchant_redirect") for _ in range(25)]
    query("UPDATE payment_transactions SET created_at = now() - interval '1 hour' + id * interval '1 second'")
    refund = requested_refunds(1)[0]
    checked: list[str] = []

    def check(payment: PaymentTransaction, _settings: object) -> None:
        checked.append(payment.order_reference)
        if payment.order_reference not in (payments[-1].order_reference, refund.order_reference):
            raise ValueError("absurd")

    monkeypatch.setattr(reconciling, "_check", check)
    run_until(
        lambda: {payments[-1].order_reference, refund.order_reference} <= set(checked),
        lambda: reconciling.reconcile(store.chain, store.settings),
        2,
    )
    assert len(failing("payments")) == 24


@pytest.mark.usefixtures("database")
def test_password_resets(monkeypatch: pytest.MonkeyPatch) -> None:
    user = make_user("Good", email="good@example.com")
    PasswordResetRequest.insert_many(
        [{"email": f"bad{number}@example.com"} for number in range(205)]
    ).execute()
    PasswordResetRequest.insert(email=user.email).execute()
    look_up = account_mail.find_user_by_email

    def find(email: str) -> object:
        if email.startswith("bad"):
            raise LookupError(email)
        return look_up(email)

    monkeypatch.setattr(account_mail, "find_user_by_email", find)
    run_until(lambda: MailOutbox.select().exists(), account_mail.answer_reset_requests, 2)
    assert PasswordResetRequest.select().count() == len(failing("password_resets")) == 205


def test_postponed_refunds_of_rewards_without_a_payment(store: Store) -> None:
    for _ in range(105):
        make_reward(make_user(), "approved", refund_due=True)
    order = store.pay(store.newcomer("ann"), cookie=store.code)
    reward = ReferralReward.get(ReferralReward.order_reference == order.order_reference)
    amount = reward.reward_amount_wei
    store.send_callback(order, "Refunded", amount="100.00")
    query("UPDATE referral_rewards SET refund_due = true WHERE id = %s", [reward.id])
    run_until(lambda: not ReferralReward.get_by_id(reward.id).refund_due, lambda: settle_refunds(ACTOR), 2)
    assert len(failing("due_refunds")) == 105
    assert ReferralReward.get_by_id(reward.id).reward_amount_wei < amount


def test_ledgers_of_paid_references(store: Store) -> None:
    RailFailure.insert_many(
        [
            {"order_reference": f"store_gone_{number}", "rail": "reward", "reason": "x"}
            for number in range(105)
        ]
    ).execute()
    order = store.pay(store.newcomer("ann"), cookie=store.code)
    query("DELETE FROM referral_rewards WHERE order_reference = %s", [order.order_reference])
    RailFailure.insert(order_reference=order.order_reference, rail="reward", reason="x").execute()
    done = ReferralReward.select().where(ReferralReward.order_reference == order.order_reference)
    run_until(done.exists, lambda: retry_ledgers(store.chain, store.settings), 2)


@pytest.mark.usefixtures("database")
def test_risk_hints(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    referrer = store.newcomer("ref")
    rewards = [make_reward(referrer, "pending_approval") for _ in range(3)]
    count = risk_hints.risk_hints

    def refuse(batch: Sequence[ReferralReward]) -> object:
        if rewards[0].id in {reward.id for reward in batch}:
            raise KeyError("code")
        return count(batch)

    monkeypatch.setattr(risk_hints, "risk_hints", refuse)
    assert risk_hints.count_hints() == 2
    assert [item.item_id for item in failing("risk_hints")] == [str(rewards[0].id)]
    # The next run counts what is new together again.
    make_reward(referrer, "pending_approval")
    assert risk_hints.count_hints() == 1


@pytest.mark.usefixtures("database")
def test_checks_of_invariants(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    checks = {"a_broken": "SELECT 1 / 0", "b_holds": "SELECT 1 WHERE false", "c_fails": "SELECT 7"}
    for name, sql in checks.items():
        (tmp_path / f"{name}.sql").write_text(sql)
    monkeypatch.setattr(checking, "CHECKS_FOLDER", tmp_path)
    with transaction():
        broken = run_checks()
    assert set(broken) == {"a_broken", "c_fails"}
    assert "division by zero" in broken["a_broken"][0][0]
    assert broken["c_fails"] == [(7,)]


def test_ledgers_whose_rows_stay_locked(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    orders = [store.pay(store.newcomer(name), cookie=store.code) for name in ("ann", "bob")]
    for order in orders:
        query("DELETE FROM referral_rewards WHERE order_reference = %s", [order.order_reference])
        RailFailure.insert(order_reference=order.order_reference, rail="reward", reason="x").execute()
    with held_row("rail_failures", orders[0].order_reference):
        query("SET lock_timeout = '100ms'")
        retry_ledgers(store.chain, store.settings)
        query("RESET lock_timeout")
    done = ReferralReward.select(ReferralReward.order_reference).tuples()
    assert orders[1].order_reference in {reference for (reference,) in done}


def test_lock_timeout_of_a_ledger_leaves_the_payment_paid(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def wait(*_: object) -> None:
        raise OperationalError("canceling statement due to lock timeout")

    with monkeypatch.context() as patch:
        patch.setattr(paid_parts, "decide_settlements", wait)
        order = store.pay(store.newcomer("ann"), cookie=store.code)
    assert PaymentTransaction.get(order_reference=order.order_reference).status == "paid"
    assert RailFailure.get().rail == "commission"
    query("UPDATE rail_failures SET last_tried_at = now() - interval '1 day'")
    assert retry_ledgers(store.chain, store.settings) == 1
    assert run_checks() == {}


@contextmanager
def held_row(table: str, order_reference: str) -> Iterator[None]:
    """Keep rows of a reference locked by another session for the block."""
    other = psycopg2.connect(current_url())
    try:
        with other.cursor() as cursor:
            cursor.execute(f"SELECT 1 FROM {table} WHERE order_reference = %s FOR UPDATE", [order_reference])
        yield
    finally:
        other.close()


def test_a_provider_that_is_away_is_tried_once_a_run(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    payments = [
        make_payment(make_order(make_user()), rail="merchant_redirect", processor="wayforpay")
        for _ in range(5)
    ]
    query("UPDATE payment_transactions SET created_at = now() - interval '1 hour' + id * interval '1 second'")
    requested_refunds(3)
    query("UPDATE payment_transactions SET processor = 'wayforpay'")
    calls: list[str] = []

    def check(self: WayForPay, payment: Payment) -> Unclear:
        calls.append(payment.order_reference)
        return Unclear("unreachable")

    monkeypatch.setattr(WayForPay, "check_status", check)
    for _ in range(3):
        reconciling.reconcile(store.chain, store.settings)
    # Each run begins with the payment that was not tried for longest.
    assert calls == [payment.order_reference for payment in payments[:3]]
    assert failing("payments") == failing("refunds") == []


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize(
    ("job", "first", "others"),
    [
        (jobs.fold_totals, "fold_reward_totals", ["fold_code_orders", "fold_journal_balances"]),
        (jobs.prune_accounts, "prune_sessions", ["prune_failures", "prune_links", "prune_letters"]),
    ],
)
def test_parts_of_a_job(
    monkeypatch: pytest.MonkeyPatch, job: Callable[[Portal], object], first: str, others: list[str]
) -> None:
    called: list[str] = []

    def fail(*_args: object) -> int:
        raise ArithmeticError("out of range")

    def note(name: str) -> Callable[[], int]:
        def part(*_args: object) -> int:
            called.append(name)
            return 0

        return part

    fail.__name__ = first
    monkeypatch.setattr(jobs, first, fail)
    for name in others:
        monkeypatch.setattr(jobs, name, note(name))
    job(cast("Portal", SimpleNamespace(settings=SETTINGS)))
    assert called == others
    assert len(list_failing().rows) == 1
