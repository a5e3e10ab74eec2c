"""A second payment provider, added by registration only."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta

import pytest
import requests

from models import EventLog, Order, PaymentEvent, PaymentTransaction
from portal.db.checks import run_checks
from portal.flows.checkout.begin_payment import begin_membership_payment, begin_order_payment
from portal.flows.checkout.receive_callback import CallbackRefused, receive_callback
from portal.flows.checkout.reconcile import reconcile
from portal.flows.checkout.settle_inbox import settle_inbox
from portal.flows.refunds.request_refund import request_refund
from portal.lib.clock import utc_now
from portal.payments import Payment, PaymentInProgress, ProviderUnknown, RawCallback, Redirect, find_payment
from portal.payments.registry import registered
from tests.flows.conftest import Store
from tests.support.http_answers import answer_calls
from tests.support.tiny_provider import TinyProvider, tiny_body, tiny_callback

pytestmark = pytest.mark.system_postgres


@pytest.fixture(autouse=True)
def tiny_provider() -> Iterator[None]:
    with registered(TinyProvider):
        yield


@pytest.fixture
def order(store: Store) -> Order:
    return store.place(store.newcomer("ann"), cookie=store.code).order


def begin_payment(store: Store, order: Order, provider: str = "tiny") -> Payment:
    departure = begin_order_payment(order.id, order.buyer, "en", store.settings, provider)
    return Payment.of(find_payment(departure.order_reference))


def receive(store: Store, raw: RawCallback) -> dict[str, object]:
    return dict(receive_callback(raw, store.chain, store.settings))


def outcomes() -> list[tuple[str, str | None, str | None]]:
    rows = PaymentEvent.select().order_by(PaymentEvent.id)
    return [(row.provider, row.outcome, row.reason) for row in rows]


def test_whole_payment_from_begin_to_refund(
    store: Store, order: Order, monkeypatch: pytest.MonkeyPatch
) -> None:
    departure = begin_order_payment(order.id, order.buyer, "en", store.settings, "tiny")
    assert isinstance(departure, Redirect)
    assert departure.url.startswith("https://pay.tiny.example/checkout?")
    row = find_payment(departure.order_reference)
    assert (row.processor, row.rail, row.status) == ("tiny", "merchant_redirect", "redirected")
    payment = Payment.of(row)

    assert receive(store, tiny_callback(payment)) == {"id": payment.order_reference, "seen": 1}
    assert receive(store, tiny_callback(payment)) == {"id": payment.order_reference, "seen": 1}
    assert Order.get_by_id(order.id).status == "paid"

    refund = json.dumps({"state": "back"}).encode()
    answer_calls(monkeypatch, lambda call: (200, refund))
    request_refund(payment.order_reference, "", "Returned", "key", store.user("admin").id, store.settings)
    assert find_payment(payment.order_reference).status == "refunded"
    assert outcomes() == [("tiny", "applied", None), ("tiny", "duplicate", None)]
    assert run_checks() == {}


def test_refused_callbacks_are_recorded_for_the_provider(store: Store, order: Order) -> None:
    payment = begin_payment(store, order)
    forged = RawCallback("tiny", tiny_body(payment), {"X-Tiny-Signature": "0"})
    wrong = tiny_callback(payment, cents=1)
    for raw, reason in ((forged, "bad_signature"), (wrong, "wrong_amount")):
        with pytest.raises(CallbackRefused) as refused:
            receive(store, raw)
        assert refused.value.params["reason"] == reason
    assert outcomes() == [("tiny", "refused", "bad_signature"), ("tiny", "refused", "wrong_amount")]
    assert find_payment(payment.order_reference).status == "redirected"


def test_status_settles_a_payment_whose_callback_was_lost(
    store: Store, order: Order, monkeypatch: pytest.MonkeyPatch
) -> None:
    payment = begin_payment(store, order)
    PaymentTransaction.update(created_at=utc_now() - timedelta(hours=1)).execute()
    answer_calls(monkeypatch, lambda call: (200, tiny_body(payment)))
    reconcile(store.chain, store.settings)
    assert Order.get_by_id(order.id).status == "paid"


def test_unreachable_provider_changes_nothing(
    store: Store, order: Order, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: requests.PreparedRequest) -> tuple[int, bytes]:
        raise requests.ConnectTimeout

    payment = begin_payment(store, order)
    PaymentTransaction.update(created_at=utc_now() - timedelta(hours=1)).execute()
    answer_calls(monkeypatch, fail)
    assert reconcile(store.chain, store.settings) == 1
    assert find_payment(payment.order_reference).status == "redirected"


def test_callback_left_by_a_crash_is_applied_for_its_provider(store: Store, order: Order) -> None:
    payment = begin_payment(store, order)
    body = tiny_body(payment).decode()
    PaymentEvent.insert(provider="tiny", authentic=True, order_reference=payment.order_reference,
                        fingerprint="f", payload=body).execute()  # fmt: skip
    assert settle_inbox(store.chain, store.settings) == 1
    assert Order.get_by_id(order.id).status == "paid"


def test_callback_of_another_provider_does_not_pay(store: Store, order: Order) -> None:
    payment = begin_payment(store, order, "wayforpay")
    receive(store, tiny_callback(payment))
    assert outcomes() == [("tiny", "unmatched", "paid_by_other_means")]
    assert Order.get_by_id(order.id).status == "created"


def test_membership_can_be_paid_with_second_provider(store: Store) -> None:
    member = store.newcomer("cat")
    departure = begin_membership_payment("MEMBER", member, "en", store.settings, "tiny")
    receive(store, tiny_callback(Payment.of(find_payment(departure.order_reference))))
    assert find_payment(departure.order_reference).status == "paid"


def test_unregistered_provider_is_unknown(store: Store, order: Order) -> None:
    with pytest.raises(ProviderUnknown):
        begin_payment(store, order, "acme")
    with pytest.raises(ProviderUnknown):
        receive(store, RawCallback("acme", b"{}"))
    assert not PaymentEvent.select().exists()


# ---------------------------------------------------------------------- changing the provider


@pytest.mark.parametrize(("first", "second"), [("wayforpay", "tiny"), ("tiny", "wayforpay")])
def test_begin_with_another_provider_supersedes_the_open_attempt(
    store: Store, order: Order, first: str, second: str
) -> None:
    left = begin_payment(store, order, first)
    taken = begin_payment(store, order, second)
    assert taken.order_reference != left.order_reference
    assert Order.get_by_id(order.id).order_reference == taken.order_reference
    row = find_payment(left.order_reference)
    assert (row.status, row.failure_reason) == ("cancelled", "superseded")
    event = EventLog.get(EventLog.event == "payment_superseded")
    assert (event.order_reference, event.to_status) == (left.order_reference, "cancelled")
    assert begin_payment(store, order, second) == taken


def test_payment_of_a_superseded_attempt_pays_the_order(store: Store, order: Order) -> None:
    left = begin_payment(store, order, "tiny")
    taken = begin_payment(store, order, "wayforpay")
    receive(store, tiny_callback(left))
    paid = Order.get_by_id(order.id)
    assert (paid.status, paid.order_reference) == ("paid", left.order_reference)
    # The second payment of the same order is shown to admins and changes nothing.
    order.order_reference = taken.order_reference
    assert store.send_callback(order)["status"] == "accept"
    assert outcomes()[-1] == ("wayforpay", "unmatched", "order_paid_already")
    assert find_payment(taken.order_reference).status == "redirected"
    assert run_checks() == {}


def test_pending_payment_blocks_other_providers(store: Store, order: Order) -> None:
    payment = begin_payment(store, order, "tiny")
    receive(store, tiny_callback(payment, "wait"))
    for provider in ("wayforpay", "tiny"):
        with pytest.raises(PaymentInProgress):
            begin_payment(store, order, provider)
    assert PaymentTransaction.select().count() == 1


def test_superseded_attempt_is_checked_until_its_provider_is_done(
    store: Store, order: Order, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = begin_payment(store, order, "tiny")
    begin_payment(store, order, "wayforpay")
    long_ago = utc_now() - timedelta(hours=1)
    mine = PaymentTransaction.order_reference == left.order_reference
    PaymentTransaction.update(created_at=long_ago).where(mine).execute()
    answer_calls(monkeypatch, lambda call: (200, tiny_body(left, "late")))
    assert reconcile(store.chain, store.settings) == 1
    row = find_payment(left.order_reference)
    assert (row.status, row.failure_reason) == ("cancelled", None)
    PaymentTransaction.update(checked_at=None).where(mine).execute()
    assert reconcile(store.chain, store.settings) == 0
