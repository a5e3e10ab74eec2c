"""Unmatched callbacks: acted on again exactly once by the very path of a fresh one, or closed with a note."""

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
from portal.flows.checkout.begin_payment import begin_order_payment
from portal.flows.checkout.receive_callback import (
    CallbackRefused,
    apply_again,
    settle_inbox,
)
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


def lost(store: Store, **changes: object) -> tuple[Order, int]:
    """Let an Approved come for an order whose payment is not there yet; return both, the payment then made."""
    order = store.place(store.newcomer("ann"), cookie=store.code).order
    store.tell(order, **changes)
    store.leave(order)
    event = PaymentEvent.get()
    assert (event.outcome, event.reason) == ("unmatched", "unknown_reference")
    return order, event.id


def again(store: Store, event_id: int) -> tuple[str, str | None]:
    return apply_again(event_id, store.user("admin").id, store.chain, store.settings)


def test_an_unmatched_callback_settles_as_a_fresh_one(store: Store) -> None:
    order, event_id = lost(store)
    assert count_open_callbacks() == 1
    assert again(store, event_id) == ("applied", None)
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


def test_it_is_acted_on_once_however_often_it_is_asked(store: Store) -> None:
    _, event_id = lost(store)
    raised = at_once([lambda: again(store, event_id)] * 5)
    assert [type(error) for error in raised] == [CallbackClosed] * 4
    assert Settlement.select().count() == 2
    assert StockMovement.select().where(StockMovement.reason == "sale").count() == 2
    assert EventLog.select().where(EventLog.event == "callback_retried").count() == 1
    assert run_checks() == {}


def test_it_meets_its_own_repeat_from_the_provider(store: Store) -> None:
    order, event_id = lost(store)
    raised = at_once([lambda: again(store, event_id), lambda: store.tell(order)])
    assert not raised
    assert sorted(event.outcome for event in PaymentEvent.select()) == ["applied", "duplicate"]
    assert Settlement.select().count() == 2
    assert run_checks() == {}


def test_what_still_does_not_match_stays_open(store: Store) -> None:
    order = store.place(store.newcomer("ann")).order
    store.tell(order)
    event = PaymentEvent.get()
    assert again(store, event.id) == ("unmatched", "unknown_reference")
    assert count_open_callbacks() == 1


def test_what_turns_out_not_to_fit_is_refused(store: Store) -> None:
    order, event_id = lost(store, amount="1.00")
    assert again(store, event_id) == ("refused", "wrong_amount")
    assert find_payment(order.order_reference).status == "redirected"
    with pytest.raises(CallbackClosed):
        again(store, event_id)


def test_a_refund_that_fits_now_is_made(store: Store) -> None:
    order = store.place(store.newcomer("ann"), cookie=store.code).order
    store.leave(order)
    # Two refunds told before their payment: together they are more than it.
    store.tell(order, "Refunded", amount="300.00")
    store.tell(order, "Refunded", amount="200.00")
    event = PaymentEvent.select().order_by(PaymentEvent.id.desc()).first()
    assert (event.outcome, event.reason) == ("unmatched", "refund_exceeds")
    assert again(store, event.id) == ("unmatched", "refund_exceeds")
    # The first one turns out not to have been made.
    PaymentRefund.update(status="refused").execute()
    store.tell(order)
    assert again(store, event.id) == ("applied", None)
    assert find_payment(order.order_reference).refunded_minor == 20_000
    assert PaymentRefund.get(PaymentRefund.payment_event_id == event.id).status == "applied"
    assert run_checks() == {}


def test_closing_keeps_the_row_with_who_when_and_why(store: Store) -> None:
    _, event_id = lost(store)
    admin = store.user("admin")
    close_unmatched(event_id, "  Another shop's \n order. ", Actor.user(admin.id))
    event = PaymentEvent.get_by_id(event_id)
    assert (event.outcome, event.note, event.closed_by) == ("unmatched", "Another shop's order.", admin.id)
    assert event.closed_at is not None
    assert count_open_callbacks() == 0
    assert [row.id for row in list_callbacks("unmatched")] == [event_id]
    assert not list_callbacks("open")
    logged = EventLog.get(EventLog.event == "callback_closed")
    assert (logged.actor_user_id, logged.reason) == (admin.id, "Another shop's order.")
    with pytest.raises(CallbackClosed):
        again(store, event_id)
    assert not Settlement.select().exists()


def test_closing_and_trying_again_at_once_do_one_of_both(store: Store) -> None:
    _, event_id = lost(store)
    admin = Actor.user(store.user("admin").id)
    raised = at_once(
        [lambda: again(store, event_id), *[lambda: close_unmatched(event_id, "Not ours.", admin)] * 3]
    )
    assert [type(error) for error in raised] == [CallbackClosed] * 3
    event = PaymentEvent.get()
    assert (event.outcome == "applied") != (event.closed_at is not None)
    assert EventLog.select().where(EventLog.entity == "callback").count() == 1


@pytest.mark.parametrize("note", ["", " \n ", "x" * 501])
def test_closing_needs_a_note(store: Store, note: str) -> None:
    _, event_id = lost(store)
    with pytest.raises(NoteMissing) as caught:
        close_unmatched(event_id, note, Actor.user(store.user("admin").id))
    assert caught.value.field == "note"
    assert PaymentEvent.get().closed_at is None


def test_refused_and_unknown_ones_cannot_be_applied_or_closed(store: Store) -> None:
    order = store.place(store.newcomer("ann")).order
    store.leave(order)
    forged = json.loads(store.callback(order)) | {"merchantSignature": "0" * 32}
    with pytest.raises(CallbackRefused):
        store.receive(json.dumps(forged).encode())
    event, admin = PaymentEvent.get(), Actor.user(store.user("admin").id)
    with pytest.raises(CallbackClosed):
        again(store, event.id)
    with pytest.raises(CallbackClosed):
        close_unmatched(event.id, "x", admin)
    with pytest.raises(CallbackUnknown):
        again(store, 10**9)
    with pytest.raises(CallbackUnknown):
        close_unmatched(10**9, "x", admin)
    assert find_payment(order.order_reference).status == "redirected"


# ---------------------------------------------------------------------- what they may cost


def test_a_long_callback_of_the_provider_is_kept_whole(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    order = store.place(store.newcomer("ann")).order
    store.leave(order)
    body = store.callback(order, note="x" * 100_000)
    store_callback("wayforpay", body.decode(), authentic=True, order_reference=None, fingerprint=None)
    # A crash left it unread: the job reads it from the inbox.
    assert settle_inbox(store.chain, store.settings) == 1
    assert Order.get_by_id(order.id).status == "paid"


def test_a_refused_body_is_kept_in_part(store: Store) -> None:
    with pytest.raises(CallbackRefused):
        store.receive(b"x" * 200_000)
    assert len(PaymentEvent.get().payload) == REFUSED_PAYLOAD_LIMIT


def forged_rows(count: int, at: datetime, *, authentic: bool = False) -> None:
    PaymentEvent.insert_many(
        [
            {"provider": "wayforpay", "authentic": authentic, "outcome": "refused", "reason": "malformed",
             "payload": str(number), "received_at": at}
            for number in range(count)
        ]
    ).execute()  # fmt: skip


def test_forged_callbacks_are_kept_few_and_not_for_ever(store: Store) -> None:
    now = datetime.now(UTC)
    forged_rows(FORGED_KEPT_A_DAY + 7, now)
    forged_rows(5, now - timedelta(days=2))
    forged_rows(3, now - FORGED_KEPT - timedelta(hours=1))
    forged_rows(2, now - timedelta(days=400), authentic=True)
    assert prune_forged() == 7 + 3
    assert PaymentEvent.select().where(~PaymentEvent.authentic).count() == FORGED_KEPT_A_DAY + 5
    assert PaymentEvent.select().where(PaymentEvent.authentic).count() == 2
    # The newest of the day stay.
    today = PaymentEvent.select().where(PaymentEvent.received_at == now).order_by(PaymentEvent.id)
    assert today.first().payload == "7"
    assert prune_forged() == 0


# ---------------------------------------------------------------------- one reference an attempt


def test_a_declined_attempt_is_followed_by_one_with_its_own_reference(store: Store) -> None:
    order = store.place(store.newcomer("ann"), cookie=store.code).order
    store.leave(order)
    store.tell(order, "Declined", reasonCode="1101", authCode="", cardPan="")
    form = begin_order_payment(order.id, order.buyer, "en", store.settings)
    assert form.fields["orderReference"] == form.order_reference != order.order_reference
    second = Order.get_by_id(order.id)
    assert second.order_reference == form.order_reference
    store.tell(second)
    assert Order.get_by_id(order.id).status == "paid"
    assert ReferralReward.get().order_reference == form.order_reference
    assert {row.order_reference for row in Settlement.select()} == {form.order_reference}
    assert find_payment(order.order_reference).status == "failed"
    assert run_checks() == {}


def test_the_first_attempt_may_still_win(store: Store) -> None:
    order = store.place(store.newcomer("ann"), cookie=store.code).order
    store.leave(order)
    store.tell(order, "Expired")
    form = begin_order_payment(order.id, order.buyer, "en", store.settings)
    store.tell(order)
    paid = Order.get_by_id(order.id)
    assert (paid.status, paid.order_reference) == ("paid", order.order_reference)
    assert {row.order_reference for row in Settlement.select()} == {order.order_reference}
    # Money for the second attempt as well is nobody's order: it waits for an admin.
    assert store.tell(
        Order(order_reference=form.order_reference, total_minor=order.total_minor, currency="UAH")
    )
    event = PaymentEvent.select().order_by(PaymentEvent.id.desc()).first()
    assert (event.outcome, event.reason) == ("unmatched", "order_paid_already")
    assert Settlement.select().count() == 2
    assert StockMovement.select().where(StockMovement.reason == "sale").count() == 2
    assert run_checks() == {}


def test_both_attempts_approved_at_once_sell_once(store: Store) -> None:
    order = store.place(store.newcomer("ann"), cookie=store.code).order
    store.leave(order)
    store.tell(order, "Declined", authCode="", cardPan="")
    form = begin_order_payment(order.id, order.buyer, "en", store.settings)
    other = Order(order_reference=form.order_reference, total_minor=order.total_minor, currency="UAH")
    assert not at_once([lambda: store.tell(order), lambda: store.tell(other)])
    assert sorted(row.outcome for row in PaymentEvent.select()) == ["applied", "applied", "unmatched"]
    assert Settlement.select().count() == 2
    assert ReferralReward.select().count() == 1
    assert run_checks() == {}


def test_a_payment_the_bank_is_checking_is_not_started_again(store: Store) -> None:
    order = store.place(store.newcomer("ann")).order
    store.leave(order)
    store.tell(order, "Pending")
    with pytest.raises(PaymentInProgress):
        store.leave(order)
    assert Order.get_by_id(order.id).order_reference == order.order_reference
