"""Refunds of a payment: full and partial, repeated, and before the payment."""

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
)
from portal.db import connection
from portal.db.checks import run_checks
from portal.flows.checkout import write_ledgers as write_rails
from portal.flows.checkout.receive_callback import receive_callback
from portal.flows.checkout.retry_ledgers import retry_rails
from portal.payments import find_payment
from tests.flows.conftest import Store
from tests.flows.refunds.refunded_orders import (
    GRANTED,
    TOTAL,
    bought,
    last_outcome,
    refund,
    reward_of,
    sales,
)

pytestmark = pytest.mark.system_postgres


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
                receive_callback(body, store.chain, store.settings)
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
        patch.setattr(write_rails, {"commission": "write_settlement", "reward": "record_reward"}[rail], fail)
        order = bought(store)
    refund(store, order, amount)
    retry_rails(store.chain, store.settings)
    assert run_checks() == {}
    settled = sum(row.amount_minor for row in sales(order) if row.status != "cancelled")
    assert settled == TOTAL - int(Decimal(amount) * 100)
