"""Callbacks are stored before they are applied, applied once, and accepted only when authentic."""

from __future__ import annotations

import json
import threading

import pytest

from models import (
    EventLog,
    Order,
    PaymentEvent,
    PaymentTransaction,
    ReferralReward,
    SalesAssist,
    Settlement,
    StockMovement,
)
from portal.chain.sending import failpoints
from portal.db import connection
from portal.db.checks import run_checks
from portal.flows.checkout.receive_callback import CallbackRefused
from portal.flows.checkout.settle_inbox import settle_inbox
from portal.payments import find_payment
from portal.payments.providers.wayforpay.signature import sign
from tests.flows.conftest import Store

pytestmark = pytest.mark.system_postgres


def begin_order(store: Store, *, cookie: bool = True) -> Order:
    order = store.place(store.newcomer("ann"), cookie=store.code if cookie else None).order
    store.begin_payment(order)
    return order


def outcomes() -> list[tuple[str | None, str | None]]:
    return [(event.outcome, event.reason) for event in PaymentEvent.select().order_by(PaymentEvent.id)]


def test_approved_payment_writes_both_ledgers(store: Store) -> None:
    tea = store.product("mountain-tea")
    order = begin_order(store)
    answer = store.send_callback(order)

    secret = store.settings.wayforpay_secret_key.get_secret_value()
    assert answer["status"] == "accept"
    assert answer["signature"] == sign(secret, (order.order_reference, "accept", str(answer["time"])))
    assert Order.get_by_id(order.id).status == "paid"
    assert find_payment(order.order_reference).paid_at is not None
    assert store.product("mountain-tea").stock == tea.stock - 1
    assert {move.referral_code for move in StockMovement.select().where(StockMovement.reason == "sale")} == {
        store.code
    }
    settlements = list(Settlement.select().where(Settlement.order_reference == order.order_reference))
    assert sorted(row.amount_minor for row in settlements) == [14_900, 24_000]
    assert all(row.amount_minor == row.commission_minor + row.net_payout_minor for row in settlements)
    assert SalesAssist.select().where(SalesAssist.order_reference == order.order_reference).count() == 2
    reward = ReferralReward.get(ReferralReward.order_reference == order.order_reference)
    assert (reward.status, reward.rail) == ("pending_approval", "fiat")
    # 5% of 240.00 (default) and 10% of 149.00 (merchant) are 26.90 UAH = 0.6725 USD = 6.725 RING.
    assert reward.reward_amount_wei == 6_725 * 10**15
    assert outcomes() == [("applied", None)]
    assert run_checks() == {}


def test_breakdown_lists_every_part_and_its_source(store: Store) -> None:
    order = begin_order(store)
    store.send_callback(order)
    book = Settlement.get(
        (Settlement.order_reference == order.order_reference) & (Settlement.amount_minor == 14_900)
    )
    assert book.metadata["commissionBreakdown"] == {
        "platformCommission": "17.88",
        "referralCommission": "14.90",
        "referralEffectivePercent": "10",
        "referralByItem": [
            {
                "productId": store.product("city-map").id,
                "percent": "10",
                "source": "merchant",
                "subtotal": "149.00",
                "amount": "14.90",
            }
        ],
        "customSplits": [],
        "totalCommission": "32.78",
    }


def test_unattributed_order_settles_without_referral_commission(store: Store) -> None:
    order = begin_order(store, cookie=False)
    store.send_callback(order)
    assert not ReferralReward.select().exists()
    assert not SalesAssist.select().exists()
    for row in Settlement.select():
        assert row.metadata["commissionBreakdown"]["referralCommission"] == "0.00"
        assert row.metadata["commissionBreakdown"]["referralByItem"] == []


def test_repeated_callback_is_a_duplicate(store: Store) -> None:
    order = begin_order(store)
    for _ in range(3):
        assert store.send_callback(order)["status"] == "accept"
    assert Settlement.select().count() == 2
    assert StockMovement.select().where(StockMovement.reason == "sale").count() == 2
    assert outcomes() == [("applied", None), ("duplicate", None), ("duplicate", None)]


def test_second_approved_callback_is_a_duplicate(store: Store) -> None:
    order = begin_order(store)
    store.send_callback(order)
    store.send_callback(order, authCode="999999")
    assert outcomes()[-1] == ("duplicate", None)
    assert ReferralReward.select().count() == 1


def test_concurrent_callbacks_settle_once(store: Store) -> None:
    order = begin_order(store)
    body = store.callback(order)
    errors: list[BaseException] = []

    def send() -> None:
        try:
            with connection():
                store.receive(body)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=send) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    # Those that arrived while the first one was settled are left to the job.
    settle_inbox(store.chain, store.settings)
    assert Settlement.select().count() == 2
    assert store.product("mountain-tea").stock == 499
    assert sorted(outcome for outcome, _ in outcomes()) == ["applied"] + ["duplicate"] * 7
    assert run_checks() == {}


def test_declined_payment_can_be_approved_later(store: Store) -> None:
    order = begin_order(store)
    store.send_callback(order, "Declined", authCode="", cardPan="", reasonCode="1101")
    assert find_payment(order.order_reference).status == "failed"
    store.send_callback(order)
    assert Order.get_by_id(order.id).status == "paid"


@pytest.mark.parametrize("late", ["Pending", "Declined", "Expired", "InProcessing"])
def test_late_status_does_not_change_a_paid_payment(store: Store, late: str) -> None:
    order = begin_order(store)
    store.send_callback(order)
    store.send_callback(order, late)
    assert find_payment(order.order_reference).status == "paid"


def test_late_approved_does_not_pay_a_refunded_reference(store: Store) -> None:
    order = begin_order(store)
    store.send_callback(order, "Refunded")
    assert find_payment(order.order_reference).status == "refunded"
    store.send_callback(order)
    assert Order.get_by_id(order.id).status == "created"
    assert not Settlement.select().exists()


def test_refund_of_a_paid_order_is_applied(store: Store) -> None:
    order = begin_order(store)
    store.send_callback(order)
    assert store.send_callback(order, "Refunded")["status"] == "accept"
    assert outcomes()[-1] == ("applied", None)
    assert Order.get_by_id(order.id).status == "refunded"
    assert run_checks() == {}


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"amount": "1.00"}, "wrong_amount"),
        ({"amount": "389.001"}, "wrong_amount"),
        ({"amount": "NaN"}, "wrong_amount"),
        ({"currency": "USD"}, "wrong_currency"),
        ({"merchantAccount": "other_merchant"}, "wrong_merchant"),
    ],
)
def test_signed_callback_with_wrong_fields_is_refused(
    store: Store, changes: dict[str, str], reason: str
) -> None:
    order = begin_order(store)
    with pytest.raises(CallbackRefused) as caught:
        store.send_callback(order, **changes)
    assert caught.value.params["reason"] == reason
    assert outcomes() == [("refused", reason)]
    assert find_payment(order.order_reference).status == "redirected"


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "malformed"),
        (b"not json", "malformed"),
        (b"\x00\xff\x00", "malformed"),
        (b"[]", "malformed"),
        (b"{}", "bad_signature"),
    ],
)
def test_malformed_or_unsigned_body_is_refused(store: Store, body: bytes, reason: str) -> None:
    with pytest.raises(CallbackRefused):
        store.receive(body)
    assert outcomes() == [("refused", reason)]


def test_forged_callback_changes_nothing(store: Store) -> None:
    order = begin_order(store)
    forged = json.loads(store.callback(order)) | {"merchantSignature": "0" * 32}
    with pytest.raises(CallbackRefused):
        store.receive(json.dumps(forged).encode())
    assert outcomes() == [("refused", "bad_signature")]
    assert find_payment(order.order_reference).status == "redirected"


def test_unknown_reference_is_stored_and_accepted(store: Store) -> None:
    order = begin_order(store)
    answer = store.send_callback(order, orderReference="store_unknown_1700000000000")
    assert answer["status"] == "accept"
    assert outcomes() == [("unmatched", "unknown_reference")]


def test_crash_after_storing_loses_no_callback(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    order = begin_order(store)

    def crash(label: str) -> None:
        if label == "callbacks_written":
            raise RuntimeError("the process died here")

    with monkeypatch.context() as patch:
        patch.setattr(failpoints, "_listener", crash)
        with pytest.raises(RuntimeError):
            store.send_callback(order)
    assert outcomes() == [(None, None)]
    assert find_payment(order.order_reference).status == "redirected"

    assert settle_inbox(store.chain, store.settings) == 1
    assert outcomes() == [("applied", None)]
    assert Order.get_by_id(order.id).status == "paid"


def test_last_item_sold_twice_is_a_back_order(store: Store) -> None:
    store.set_stock("city-map", 1)
    orders = [store.place(store.newcomer(name), "city-map").order for name in ("ann", "bob")]
    for order in orders:
        store.begin_payment(order)
    for order in orders:
        store.send_callback(order)
    assert {Order.get_by_id(order.id).status for order in orders} == {"paid"}
    assert store.product("city-map").stock == -1


def test_every_payment_change_has_an_event(store: Store) -> None:
    order = begin_order(store)
    store.send_callback(order)
    events = [row.event for row in EventLog.select().where(EventLog.order_reference == order.order_reference)]
    for expected in ("order_created", "payment_redirected", "payment_paid", "order_paid", "reward_recorded"):
        assert events.count(expected) == 1
    assert events.count("settlement_written") == 2
    assert PaymentTransaction.get().status == "paid"
