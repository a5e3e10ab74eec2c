"""A vendor pays a commission statement by a payment provider. See docs/rules/statements.md."""

from __future__ import annotations

import threading

import pytest

from models import CommissionStatement, JournalTransfer, PaymentEvent, PaymentTransaction, Settlement, User
from portal.commissions import StatementStatusConflict, StatementUnknown, void_statement
from portal.db import connection, query
from portal.db.checks import run_checks
from portal.flows.audit.audit_reference import audit_reference
from portal.flows.checkout.settle_inbox import settle_inbox
from portal.flows.statements.begin_payment import begin_statement_payment
from portal.flows.statements.decide_statement import record_statement_payment
from portal.payments import PaymentInProgress, parse_reference
from tests.factories import ACTOR, make_admin
from tests.flows.conftest import Store
from tests.flows.statements.world import SETTINGS, StatementWorld, open_now, reward_of, settlements_of


class Paying:
    """An open statement of a vendor, and the provider's callbacks about its payment."""

    def __init__(self) -> None:
        self.world = StatementWorld(reward_waits_for="statement")
        self.order = self.world.sell(10_000)
        (self.statement,) = open_now()
        self.provider = Store(SETTINGS, "")

    @property
    def vendor_ids(self) -> list[int]:
        return [self.world.vendors[0].id]

    def begin(self, payer: User | None = None) -> PaymentTransaction:
        departure = begin_statement_payment(
            self.statement.id, self.vendor_ids, payer or self.world.owner, "uk", SETTINGS
        )
        return PaymentTransaction.get(PaymentTransaction.order_reference == departure.order_reference)

    def report(self, payment: PaymentTransaction, status: str = "Approved", **fields: object) -> str:
        """Send a signed callback and return the outcome that it was stored with."""
        order = PaymentAsOrder(payment)
        self.provider.send_callback(order, status, **fields)  # type: ignore[arg-type]
        return str(PaymentEvent.select().order_by(PaymentEvent.id.desc()).get().outcome)

    def state(self) -> tuple[str, str | None, list[tuple[str, str, int]], bool]:
        row = CommissionStatement.get_by_id(self.statement.id)
        waits = reward_of(self.order).waits_for_statement
        return row.status, row.paid_reference, settlements_of(self.order), waits


class PaymentAsOrder:
    """What a callback is made of."""

    def __init__(self, payment: PaymentTransaction) -> None:
        self.order_reference = payment.order_reference
        self.total_minor, self.currency = payment.amount_minor, payment.currency


@pytest.fixture
def paying(database: str) -> Paying:
    return Paying()


def balance(account: str) -> int:
    rows = query("SELECT coalesce(sum(balance), 0) FROM journal_balances WHERE account = %s", [account])
    return int(rows[0][0])


def test_approved_payment_pays_the_statement_once(paying: Paying) -> None:
    payment = paying.begin()
    parsed = parse_reference(payment.order_reference)
    assert (parsed.purpose, parsed.entity_id) == ("commission_statement", str(paying.statement.id))
    assert (payment.amount_minor, payment.status) == (paying.statement.amount_minor, "redirected")
    commission = paying.statement.amount_minor
    assert [paying.report(payment) for _ in range(3)] == ["applied", "duplicate", "duplicate"]
    reference = payment.order_reference
    assert paying.state() == ("paid", reference, [("sale", "completed", commission)], False)
    assert Settlement.get().transaction_id == reference
    assert balance("commissions_received") == balance("clearing") == 0
    assert balance(f"vendor_receivable:{paying.world.vendors[0].id}") == 0
    assert balance(f"processor:{payment.processor}") == -commission
    assert run_checks() == {}
    assert not audit_reference(reference, paying.provider.chain, SETTINGS).differences


def test_callbacks_at_the_same_time_pay_once(paying: Paying) -> None:
    payment = paying.begin()
    bodies = [
        paying.provider.callback(PaymentAsOrder(payment), authCode=str(number))  # type: ignore[arg-type]
        for number in range(6)
    ]

    def send(body: bytes) -> None:
        with connection():
            paying.provider.receive(body)

    threads = [threading.Thread(target=send, args=[body]) for body in bodies]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    settle_inbox(paying.provider.chain, paying.provider.settings)
    outcomes = sorted(str(row.outcome) for row in PaymentEvent.select())
    assert outcomes == ["applied", *["duplicate"] * 5]
    assert JournalTransfer.select().where(JournalTransfer.kind == "statement_payment").count() == 1
    assert paying.state()[0] == "paid"
    assert run_checks() == {}


@pytest.mark.parametrize("decision", ["paid", "void"])
def test_money_for_a_statement_that_was_decided_meanwhile_is_shown_for_a_refund(
    paying: Paying, decision: str
) -> None:
    payment = paying.begin()
    if decision == "paid":
        record_statement_payment(paying.statement.id, "bank 7", ACTOR)
    else:
        void_statement(paying.statement.id, "wrong month", ACTOR)
    before = paying.state()
    assert paying.report(payment) == "unmatched"
    assert PaymentEvent.get().reason == "statement_not_open"
    assert paying.state() == before
    assert PaymentTransaction.get_by_id(payment.id).paid_at is None
    audit = audit_reference(payment.order_reference, paying.provider.chain, SETTINGS)
    assert [difference.code for difference in audit.differences] == ["paid_twice"]
    assert [second.is_refundable for second in audit.second_payments] == [True]
    assert run_checks() == {}
    with pytest.raises(StatementStatusConflict):
        paying.begin()


def test_declined_attempt_is_followed_by_one_with_its_own_reference(paying: Paying) -> None:
    first = paying.begin()
    assert paying.begin().order_reference == first.order_reference, "an open attempt is used again"
    assert paying.report(first, "Pending") == "applied"
    with pytest.raises(PaymentInProgress):
        paying.begin()
    assert paying.report(first, "Declined") == "applied"
    second = paying.begin()
    assert second.order_reference != first.order_reference
    assert paying.report(second) == "applied"
    assert paying.report(first) == "unmatched", "a late approval of the first one came on top"
    assert paying.state()[:2] == ("paid", second.order_reference)
    assert run_checks() == {}


@pytest.mark.parametrize("change", [{"amount": "0.01"}, {"currency": "USD"}])
def test_callback_with_another_amount_pays_nothing(paying: Paying, change: dict[str, str]) -> None:
    payment = paying.begin()
    with pytest.raises(Exception, match="callback_refused"):
        paying.report(payment, **change)
    assert paying.state()[0] == "open"
    assert PaymentTransaction.get_by_id(payment.id).status == "redirected"


def test_refunded_payment_leaves_the_statement_paid_and_the_books_right(paying: Paying) -> None:
    payment = paying.begin()
    paying.report(payment)
    assert paying.report(payment, "Refunded", amount="10.00") == "applied"
    assert paying.report(payment, "Refunded") in ("applied", "unmatched")
    assert paying.state()[0] == "paid"
    refunded = PaymentTransaction.get_by_id(payment.id).refunded_minor
    assert refunded >= 1_000
    assert balance("commissions_received") == -refunded
    assert run_checks() == {}


def test_only_vendors_of_the_statement_pay_it(paying: Paying) -> None:
    with pytest.raises(StatementUnknown):
        begin_statement_payment(
            paying.statement.id, [paying.world.vendors[1].id], make_admin(), "en", SETTINGS
        )
    assert (
        not PaymentTransaction.select().where(PaymentTransaction.purpose == "commission_statement").exists()
    )
