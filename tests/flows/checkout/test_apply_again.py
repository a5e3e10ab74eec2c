"""Unmatched callbacks: applied once by the same path as a new callback, or closed with a note."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from models import (
    EventLog,
    Order,
    PaymentEvent,
    PaymentRefund,
    ReferralReward,
    Settlement,
    StockMovement,
)
from portal.db import Actor
from portal.db.checks import run_checks
from portal.flows.checkout.apply_callbacks import apply_again
from portal.flows.checkout.begin_payment import begin_order_payment
from portal.flows.checkout.receive_callback import CallbackRefused
from portal.flows.checkout.settle_inbox import settle_inbox
from portal.payments import (
    CallbackClosed,
    CallbackUnknown,
    NoteMissing,
    PaymentInProgress,
    close_unmatched,
    count_open_callbacks,
    find_payment,
    list_callbacks,
    prune_forged,
)
from portal.payments.inbox import FORGED_KEPT, FORGED_KEPT_A_DAY
from portal.payments.operations import REFUSED_PAYLOAD_LIMIT, store_callback
from tests.flows.conftest import Store
from tests.support.threads import at_once

pytestmark = pytest.mark.system_postgres


def send_callback_before_payment(store: Store, **changes: object) -> tuple[Order, int]:
    """Send Approved before the payment exists, then begin the payment; return the order and the event id."""
    order = store.place(store.newcomer("ann"), cookie=store.code).order
    store.send_callback(order, **changes)
    store.begin_payment(order)
    event = PaymentEvent.get()
    assert (event.outcome, event.reason) == ("unmatched", "unknown_reference")
    return order, event.id


def apply_callback(store: Store, event_id: int) -> tuple[str, str | None]:
    return apply_again(event_id, store.user("admin").id, store.chain, store.settings)


def test_unmatched_callback_settles_the_payment(store: Store) -> None:
    order, event_id = send_callback_before_payment(store)
    assert count_open_callbacks() == 1
    assert apply_callback(store, event_id) == ("applied", None)
    assert Order.get_by_id(order.id).status == "paid"
    assert (Settlement.select().count(), ReferralReward.select().count()) == (2, 1)
    assert (PaymentEvent.get().outcome, count_open_callbacks()) == ("applied", 0)
    event = EventLog.get(EventLog.event == "callback_retried")
    assert (event.actor_user_id, event.from_status, event.to_status, event.order_reference) == (
        store.user("admin").id,
        "unmatched",
        "applied",
        order.order_reference,
    )
    assert run_checks() == {}


def test_concurrent_retries_apply_once(store: Store) -> None:
    _, event_id = send_callback_before_payment(store)
    raised = at_once([lambda: apply_callback(store, event_id)] * 5)
    assert [type(error) for error in raised] == [CallbackClosed] * 4
    assert Settlement.select().count() == 2
    assert StockMovement.select().where(StockMovement.reason == "sale").count() == 2
    assert EventLog.select().where(EventLog.event == "callback_retried").count() == 1
    assert run_checks() == {}


def test_retry_and_repeated_callback_apply_once(store: Store) -> None:
    order, event_id = send_callback_before_payment(store)
    raised = at_once([lambda: apply_callback(store, event_id), lambda: store.send_callback(order)])
    assert not raised
    assert sorted(event.outcome for event in PaymentEvent.select()) == ["applied", "duplicate"]
    assert Settlement.select().count() == 2
    assert run_checks() == {}


def test_callback_without_a_match_stays_open(store: Store) -> None:
    order = store.place(store.newcomer("ann")).order
    store.send_callback(order)
    event = PaymentEvent.get()
    assert apply_callback(store, event.id) == ("unmatched", "unknown_reference")
    assert count_open_callbacks() == 1


def test_callback_with_a_wrong_amount_is_refused(store: Store) -> None:
    order, event_id = send_callback_before_payment(store, amount="1.00")
    assert apply_callback(store, event_id) == ("refused", "wrong_amount")
    assert find_payment(order.order_reference).status == "redirected"
    with pytest.raises(CallbackClosed):
        apply_callback(store, event_id)


def test_refund_is_applied_once_it_fits(store: Store) -> None:
    order = store.place(store.newcomer("ann"), cookie=store.code).order
    store.begin_payment(order)
    # Two refunds arrive before the payment; their sum exceeds it.
    store.send_callback(order, "Refunded", amount="300.00")
    store.send_callback(order, "Refunded", amount="200.00")
    event = PaymentEvent.select().order_by(PaymentEvent.id.desc()).first()
    assert (event.outcome, event.reason) == ("unmatched", "refund_exceeds")
    assert apply_callback(store, event.id) == ("unmatched", "refund_exceeds")
    # The first refund is refused afterwards.
    PaymentRefund.update(status="refused").execute()
    store.send_callback(order)
    assert apply_callback(store, event.id) == ("applied", None)
    assert find_payment(order.order_reference).refunded_minor == 20_000
    assert PaymentRefund.get(PaymentRefund.payment_event_id == event.id).status == "applied"
    assert run_checks() == {}


def test_closed_callback_keeps_user_time_and_note(store: Store) -> None:
    _, event_id = send_callback_before_payment(store)
    admin = store.user("admin")
    close_unmatched(event_id, "  Another shop's \n order. ", Actor.user(admin.id))
    event = PaymentEvent.get_by_id(event_id)
    assert (event.outcome, event.note, event.closed_by) == ("unmatched", "Another shop's order.", admin.id)
    assert event.closed_at is not None
    assert count_open_callbacks() == 0
    assert [row.id for row in list_callbacks("unmatched").rows] == [event_id]
    assert not list_callbacks("open").rows
    logged = EventLog.get(EventLog.event == "callback_closed")
    assert (logged.actor_user_id, logged.reason) == (admin.id, "Another shop's order.")
    with pytest.raises(CallbackClosed):
        apply_callback(store, event_id)
    assert not Settlement.select().exists()


def test_concurrent_close_and_retry_do_only_one(store: Store) -> None:
    _, event_id = send_callback_before_payment(store)
    admin = Actor.user(store.user("admin").id)
    raised = at_once(
        [
            lambda: apply_callback(store, event_id),
            *[lambda: close_unmatched(event_id, "Not ours.", admin)] * 3,
        ]
    )
    assert [type(error) for error in raised] == [CallbackClosed] * 3
    event = PaymentEvent.get()
    assert (event.outcome == "applied") != (event.closed_at is not None)
    assert EventLog.select().where(EventLog.entity == "callback").count() == 1


@pytest.mark.parametrize("note", ["", " \n ", "x" * 501])
def test_closing_requires_a_note(store: Store, note: str) -> None:
    _, event_id = send_callback_before_payment(store)
    with pytest.raises(NoteMissing) as caught:
        close_unmatched(event_id, note, Actor.user(store.user("admin").id))
    assert caught.value.field == "note"
    assert PaymentEvent.get().closed_at is None


def test_refused_and_unknown_callbacks_cannot_be_applied_or_closed(store: Store) -> None:
    order = store.place(store.newcomer("ann")).order
    store.begin_payment(order)
    forged = json.loads(store.callback(order)) | {"merchantSignature": "0" * 32}
    with pytest.raises(CallbackRefused):
        store.receive(json.dumps(forged).encode())
    event, admin = PaymentEvent.get(), Actor.user(store.user("admin").id)
    with pytest.raises(CallbackClosed):
        apply_callback(store, event.id)
    with pytest.raises(CallbackClosed):
        close_unmatched(event.id, "x", admin)
    with pytest.raises(CallbackUnknown):
        apply_callback(store, 10**9)
    with pytest.raises(CallbackUnknown):
        close_unmatched(10**9, "x", admin)
    assert find_payment(order.order_reference).status == "redirected"


# ---------------------------------------------------------------------- storage limits


def test_long_authentic_callback_is_stored_whole(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    order = store.place(store.newcomer("ann")).order
    store.begin_payment(order)
    body = store.callback(order, note="x" * 100_000)
    store_callback("wayforpay", body.decode(), authentic=True, order_reference=None, fingerprint=None)
    # The job applies a stored callback that a crash left unapplied.
    assert settle_inbox(store.chain, store.settings) == 1
    assert Order.get_by_id(order.id).status == "paid"


def test_refused_body_is_truncated(store: Store) -> None:
    with pytest.raises(CallbackRefused):
        store.receive(b"x" * 200_000)
    assert len(PaymentEvent.get().payload) == REFUSED_PAYLOAD_LIMIT


def insert_refused_callbacks(count: int, at: datetime, *, authentic: bool = False) -> None:
    PaymentEvent.insert_many(
        [
            {"provider": "wayforpay", "authentic": authentic, "outcome": "refused", "reason": "malformed",
             "payload": str(number), "received_at": at}
            for number in range(count)
        ]
    ).execute()  # fmt: skip


def test_forged_callbacks_are_pruned_by_number_and_age(store: Store) -> None:
    now = datetime.now(UTC)
    insert_refused_callbacks(FORGED_KEPT_A_DAY + 7, now)
    insert_refused_callbacks(5, now - timedelta(days=2))
    insert_refused_callbacks(3, now - FORGED_KEPT - timedelta(hours=1))
    insert_refused_callbacks(2, now - timedelta(days=400), authentic=True)
    assert prune_forged() == 7 + 3
    assert PaymentEvent.select().where(~PaymentEvent.authentic).count() == FORGED_KEPT_A_DAY + 5
    assert PaymentEvent.select().where(PaymentEvent.authentic).count() == 2
    # The first callbacks of the day are pruned.
    today = PaymentEvent.select().where(PaymentEvent.received_at == now).order_by(PaymentEvent.id)
    assert today.first().payload == "7"
    assert prune_forged() == 0


# ---------------------------------------------------------------------- one reference per attempt


def test_new_attempt_has_its_own_reference(store: Store) -> None:
    order = store.place(store.newcomer("ann"), cookie=store.code).order
    store.begin_payment(order)
    store.send_callback(order, "Declined", reasonCode="1101", authCode="", cardPan="")
    form = begin_order_payment(order.id, order.buyer, "en", store.settings)
    assert form.fields["orderReference"] == form.order_reference != order.order_reference
    second = Order.get_by_id(order.id)
    assert second.order_reference == form.order_reference
    store.send_callback(second)
    assert Order.get_by_id(order.id).status == "paid"
    assert ReferralReward.get().order_reference == form.order_reference
    assert {row.order_reference for row in Settlement.select()} == {form.order_reference}
    assert find_payment(order.order_reference).status == "failed"
    assert run_checks() == {}


def test_first_attempt_can_still_be_paid(store: Store) -> None:
    order = store.place(store.newcomer("ann"), cookie=store.code).order
    store.begin_payment(order)
    store.send_callback(order, "Expired")
    form = begin_order_payment(order.id, order.buyer, "en", store.settings)
    store.send_callback(order)
    paid = Order.get_by_id(order.id)
    assert (paid.status, paid.order_reference) == ("paid", order.order_reference)
    assert {row.order_reference for row in Settlement.select()} == {order.order_reference}
    # A payment of the second attempt has no order left to pay; it waits for an admin.
    assert store.send_callback(
        Order(order_reference=form.order_reference, total_minor=order.total_minor, currency="UAH")
    )
    event = PaymentEvent.select().order_by(PaymentEvent.id.desc()).first()
    assert (event.outcome, event.reason) == ("unmatched", "order_paid_already")
    assert Settlement.select().count() == 2
    assert StockMovement.select().where(StockMovement.reason == "sale").count() == 2
    assert run_checks() == {}


def test_concurrently_approved_attempts_sell_once(store: Store) -> None:
    order = store.place(store.newcomer("ann"), cookie=store.code).order
    store.begin_payment(order)
    store.send_callback(order, "Declined", authCode="", cardPan="")
    form = begin_order_payment(order.id, order.buyer, "en", store.settings)
    other = Order(order_reference=form.order_reference, total_minor=order.total_minor, currency="UAH")
    assert not at_once([lambda each=each: store.apply_now(store.callback(each)) for each in (order, other)])
    assert sorted(row.outcome for row in PaymentEvent.select()) == ["applied", "applied", "unmatched"]
    assert Settlement.select().count() == 2
    assert ReferralReward.select().count() == 1
    assert run_checks() == {}


def test_pending_payment_cannot_be_started_again(store: Store) -> None:
    order = store.place(store.newcomer("ann")).order
    store.begin_payment(order)
    store.send_callback(order, "Pending")
    with pytest.raises(PaymentInProgress):
        store.begin_payment(order)
    assert Order.get_by_id(order.id).order_reference == order.order_reference
