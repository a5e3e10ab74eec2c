"""Refunds of a payment: full and partial, repeated, concurrent, and before the payment. See docs/rules/refunds.md."""

from __future__ import annotations

import threading
from decimal import Decimal

import pytest

from models import (
    Notification,
    Order,
    PaymentRefund,
    Settlement,
    StockMovement,
    User,
)
from portal.accounts import Referrer, create_user
from portal.codes import find_code
from portal.db import SYSTEM, connection
from portal.db.checks import run_checks
from portal.flows.checkout import paid_parts
from portal.flows.checkout.begin_payment import begin_membership_payment
from portal.flows.checkout.retry_ledgers import retry_ledgers
from portal.payments import find_payment
from tests.flows.conftest import Store
from tests.flows.refunds.refunds import (
    GRANTED,
    TOTAL,
    last_outcome,
    pay_order,
    reward_of,
    send_refund,
    settlements_of,
)

pytestmark = pytest.mark.system_postgres


def test_full_refund_reverses_the_sale_once(store: Store) -> None:
    tea = store.product("mountain-tea").stock
    order = pay_order(store)
    for _ in range(3):
        send_refund(store, order)
    send_refund(store, order, authCode="777")
    payment = find_payment(order.order_reference)
    assert (payment.status, payment.refunded_minor) == ("refunded", TOTAL)
    assert Order.get_by_id(order.id).status == "refunded"
    assert store.product("mountain-tea").stock == tea
    assert StockMovement.select().where(StockMovement.reason == "refund").count() == 2
    assert {row.status for row in settlements_of(order)} == {"cancelled"}
    reward = reward_of(order)
    assert (reward.status, reward.failure_reason) == ("rejected", "refunded")
    assert Notification.select().where(Notification.kind == "referral_reward_rejected").count() == 1
    assert PaymentRefund.select().count() == 1
    assert run_checks() == {}


def test_partial_refund_reduces_both_ledgers(store: Store) -> None:
    order = pay_order(store)
    stock = store.product("mountain-tea").stock
    send_refund(store, order, "100.00")
    payment = find_payment(order.order_reference)
    assert (payment.status, payment.refunded_minor) == ("paid", 10_000)
    assert Order.get_by_id(order.id).status == "paid"
    assert store.product("mountain-tea").stock == stock
    reward = reward_of(order)
    assert reward.status == "pending_approval"
    assert reward.reward_amount_wei == GRANTED * (TOTAL - 10_000) // TOTAL
    assert sum(row.amount_minor for row in settlements_of(order)) == TOTAL - 10_000
    assert {row.status for row in settlements_of(order)} == {"pending"}
    assert run_checks() == {}


def test_partial_refund_scales_the_breakdown_and_keeps_the_original(store: Store) -> None:
    order = pay_order(store)
    before = {row.id: row.metadata["commissionBreakdown"] for row in settlements_of(order)}
    send_refund(store, order, "194.50")
    for row in settlements_of(order):
        breakdown = row.metadata["commissionBreakdown"]
        assert row.metadata["original"]["commissionBreakdown"] == before[row.id]
        parts = [Decimal(breakdown[name]) for name in ("platformCommission", "referralCommission")]
        assert sum(parts) == Decimal(breakdown["totalCommission"])
        assert Decimal(breakdown["totalCommission"]) * 100 == row.commission_minor
        assert row.net_payout_minor == row.amount_minor - row.commission_minor
    assert {row.amount_minor for row in settlements_of(order)} == {12_000, 7_450}


@pytest.mark.parametrize("parts", [["0.01"] * 7, ["129.66", "129.67", "129.67"], ["388.99", "0.01"]])
def test_partial_refunds_add_up_to_one_refund(store: Store, parts: list[str]) -> None:
    order = pay_order(store)
    for number, part in enumerate(parts):
        send_refund(store, order, part, authCode=str(number))
    refunded = int(sum(Decimal(part) for part in parts) * 100)
    if refunded < TOTAL:
        assert reward_of(order).reward_amount_wei == GRANTED * (TOTAL - refunded) // TOTAL
    assert find_payment(order.order_reference).refunded_minor == refunded
    assert run_checks() == {}


def test_repeated_refund_callback_is_a_duplicate(store: Store) -> None:
    order = pay_order(store)
    send_refund(store, order, "50.00")
    send_refund(store, order, "50")
    assert last_outcome() == ("duplicate", None)
    send_refund(store, order, "50.00", authCode="999")
    assert find_payment(order.order_reference).refunded_minor == 10_000


def test_refund_above_the_remaining_amount_is_unmatched(store: Store) -> None:
    order = pay_order(store)
    send_refund(store, order, "300.00")
    send_refund(store, order, "89.01")
    assert last_outcome() == ("unmatched", "refund_exceeds")
    assert find_payment(order.order_reference).refunded_minor == 30_000
    send_refund(store, order, "89.00")
    assert find_payment(order.order_reference).status == "refunded"
    send_refund(store, order, "1.00")
    assert last_outcome() == ("unmatched", "refund_exceeds")
    assert run_checks() == {}


def test_concurrent_equal_callbacks_refund_once(store: Store) -> None:
    order = pay_order(store)
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


def test_partial_refund_before_the_payment_waits(store: Store) -> None:
    order = store.place(store.newcomer("ann"), cookie=store.code).order
    store.begin_payment(order)
    send_refund(store, order, "100.00")
    assert last_outcome() == ("applied", "refund_waits")
    assert find_payment(order.order_reference).refunded_minor == 0
    store.send_callback(order)
    payment = find_payment(order.order_reference)
    assert (payment.status, payment.refunded_minor) == ("paid", 10_000)
    assert reward_of(order).reward_amount_wei == GRANTED * (TOTAL - 10_000) // TOTAL
    assert run_checks() == {}


@pytest.mark.parametrize("parts", [["389.00"], ["100.00", "289.00"], ["100.00", "389.00"]])
def test_full_refund_before_the_payment_closes_it(store: Store, parts: list[str]) -> None:
    order = store.place(store.newcomer("ann"), cookie=store.code).order
    store.begin_payment(order)
    for part in parts:
        send_refund(store, order, part)
    store.send_callback(order)
    payment = find_payment(order.order_reference)
    assert (payment.status, payment.refunded_minor) == ("refunded", TOTAL)
    assert Order.get_by_id(order.id).status == "created"
    assert not Settlement.select().exists()
    assert run_checks() == {}


def test_late_approved_does_not_pay_a_refunded_order(store: Store) -> None:
    order = pay_order(store)
    send_refund(store, order)
    store.send_callback(order, authCode="late")
    assert find_payment(order.order_reference).status == "refunded"
    assert Order.get_by_id(order.id).status == "refunded"
    assert run_checks() == {}


@pytest.mark.parametrize("amount", ["389.00", "100.00"])
@pytest.mark.parametrize("rail", ["commission", "reward"])
def test_ledger_written_after_the_refund_is_reduced(
    store: Store, rail: str, amount: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **_rest: object) -> None:
        raise RuntimeError("this ledger is broken")

    with monkeypatch.context() as patch:
        patch.setattr(
            paid_parts, {"commission": "decide_settlements", "reward": "decide_order_reward"}[rail], fail
        )
        order = pay_order(store)
    send_refund(store, order, amount)
    retry_ledgers(store.chain, store.settings)
    assert run_checks() == {}
    settled = sum(row.amount_minor for row in settlements_of(order) if row.status != "cancelled")
    assert settled == TOTAL - int(Decimal(amount) * 100)


# ---------------------------------------------------------------------- memberships


def test_refunded_membership_ends_and_its_reward_is_rejected(store: Store) -> None:
    code = find_code(store.code)
    referrer = Referrer(code.code, code.owner_user_id, code.wallet_address)
    member = create_user("m@demo.example", "M", "newcomer-pass", referrer=referrer, actor=SYSTEM)
    form = begin_membership_payment("MEMBER", member, "uk", store.settings)
    order = Order(order_reference=form.order_reference, total_minor=29_900, currency="UAH")
    store.send_callback(order)
    assert User.get_by_id(member.id).membership_tier == "MEMBER"
    store.send_callback(order, "Refunded", amount="100.00")
    assert User.get_by_id(member.id).membership_tier == "MEMBER"
    store.send_callback(order, "Voided", amount="199.00")
    after = User.get_by_id(member.id)
    assert (after.membership_tier, after.membership_until) == ("SUBSCRIBER", None)
    assert reward_of(order).status == "rejected"
    assert run_checks() == {}
