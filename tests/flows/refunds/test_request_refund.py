"""Refunds requested by an admin: a final answer settles them, an unclear answer does not."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta, tzinfo
from typing import Any

import pytest
import requests
from peewee import SQL

from models import Order, PaymentEvent, PaymentRefund, PaymentTransaction
from portal.db.checks import run_checks
from portal.flows.checkout.reconcile import reconcile
from portal.flows.refunds.request_refund import request_refund
from portal.payments import RefundTooLarge, find_payment
from portal.payments.providers.wayforpay.api import is_authentic_request, sign_refund_answer
from portal.payments.providers.wayforpay.callbacks import sign_callback
from tests.flows.conftest import Store
from tests.support.http_answers import answer_calls

pytestmark = pytest.mark.system_postgres


@dataclass
class Provider:
    """A stub of the WayForPay JSON API; an answer may be a body or an exception to raise."""

    store: Store
    answers: dict[str, Any] = field(default_factory=dict)
    requests: list[dict[str, Any]] = field(default_factory=list)

    def answer(self, call: requests.PreparedRequest) -> tuple[int, bytes]:
        assert isinstance(call.body, bytes)
        body = json.loads(call.body)
        assert is_authentic_request(body, self.secret)
        self.requests.append(body)
        answer = self.answers.get(body["transactionType"], requests.ConnectTimeout("timed out"))
        if isinstance(answer, Exception):
            raise answer
        return 200, answer if isinstance(answer, bytes) else json.dumps(answer).encode()

    @property
    def secret(self) -> str:
        return self.store.settings.wayforpay_secret_key.get_secret_value()

    def answers_refund(self, order: Order, status: str, code: str = "1100", **changes: object) -> None:
        fields = {
            "merchantAccount": self.store.settings.wayforpay_merchant_account,
            "orderReference": order.order_reference,
            "transactionStatus": status,
            "reasonCode": code,
        }
        self.answers["REFUND"] = {**sign_refund_answer(self.secret, fields), **changes}

    def answers_status(self, order: Order, status: str, code: str = "1100", **more: object) -> None:
        body = json.loads(self.store.callback(order, status, reasonCode=code))
        self.answers["CHECK_STATUS"] = {**sign_callback(self.secret, body), **more}


@pytest.fixture
def provider(store: Store, monkeypatch: pytest.MonkeyPatch) -> Provider:
    provider = Provider(store)
    answer_calls(monkeypatch, provider.answer)
    return provider


@pytest.fixture
def order(store: Store) -> Order:
    return store.pay(store.newcomer("ann"), cookie=store.code)


def request_by_admin(store: Store, order: Order, amount: str = "", key: str = "key-1") -> PaymentRefund:
    admin = store.user("admin").id
    return request_refund(order.order_reference, amount, "Goods returned", key, admin, store.settings)


def refunded_minor(order: Order) -> int:
    return int(find_payment(order.order_reference).refunded_minor)


def make_open_rows_older(**by: int) -> None:
    """Move the creation of refunds and payments into the past."""
    past = SQL("now() - %s", [timedelta(**by)])
    PaymentRefund.update(created_at=past).execute()
    PaymentTransaction.update(created_at=past).execute()


def test_final_answer_settles_the_refund(store: Store, provider: Provider, order: Order) -> None:
    provider.answers_refund(order, "Refunded")
    assert request_by_admin(store, order).status == "applied"
    assert find_payment(order.order_reference).status == "refunded"
    assert provider.requests[0]["amount"] == "389.00"
    assert provider.requests[0]["comment"] == "Goods returned"
    assert run_checks() == {}


def test_declined_refund_changes_nothing(store: Store, provider: Provider, order: Order) -> None:
    provider.answers_refund(order, "Declined", "1128")
    refund = request_by_admin(store, order)
    assert (refund.status, refund.refusal) == ("refused", "1128")
    assert refunded_minor(order) == 0
    provider.answers_refund(order, "Refunded")
    assert request_by_admin(store, order, key="key-2").status == "applied"


@pytest.mark.parametrize(
    "changes",
    [
        {"merchantSignature": "0" * 32},
        {"orderReference": "store_other_1"},
        {"merchantAccount": "other_merchant"},
        {"transactionStatus": "Declined"},
    ],
)
def test_unauthentic_answer_changes_nothing(
    store: Store, provider: Provider, order: Order, changes: dict[str, str]
) -> None:
    provider.answers_refund(order, "Refunded", **changes)
    assert request_by_admin(store, order).status == "requested"
    assert refunded_minor(order) == 0


@pytest.mark.parametrize("answer", [b"", b"<html>", b"{}", TimeoutError(), ConnectionResetError()])
def test_missing_answer_leaves_the_refund_requested(
    store: Store, provider: Provider, order: Order, answer: Any
) -> None:
    provider.answers["REFUND"] = answer
    assert request_by_admin(store, order).status == "requested"
    assert request_by_admin(store, order).status == "requested"
    assert len(provider.requests) == 1


def test_refund_in_processing_waits_for_the_callback(store: Store, provider: Provider, order: Order) -> None:
    provider.answers_refund(order, "RefundInProcessing")
    assert request_by_admin(store, order, "100.00").status == "requested"
    store.send_callback(order, "RefundInProcessing", amount="100.00")
    assert refunded_minor(order) == 0
    store.send_callback(order, "Refunded", amount="100.00")
    refund = PaymentRefund.get()
    assert (refund.status, refund.source, refund.fingerprint is not None) == ("applied", "admin", True)
    assert refunded_minor(order) == 10_000


def test_callback_of_an_answered_refund_is_a_duplicate(
    store: Store, provider: Provider, order: Order
) -> None:
    provider.answers_refund(order, "Refunded")
    request_by_admin(store, order, "100.00")
    for _ in range(2):
        store.send_callback(order, "Refunded", amount="100.00")
    assert refunded_minor(order) == 10_000
    assert PaymentEvent.select().order_by(PaymentEvent.id.desc()).get().outcome == "duplicate"


def test_equal_refunds_of_an_admin_are_separate(store: Store, provider: Provider, order: Order) -> None:
    provider.answers_refund(order, "Refunded")
    for key in ("key-1", "key-2"):
        request_by_admin(store, order, "100.00", key)
        store.send_callback(order, "Refunded", amount="100.00")
    assert refunded_minor(order) == 20_000
    assert run_checks() == {}


def test_requested_amount_reduces_the_refundable_amount(
    store: Store, provider: Provider, order: Order
) -> None:
    request_by_admin(store, order, "300.00")
    with pytest.raises(RefundTooLarge) as caught:
        request_by_admin(store, order, "89.01", "key-2")
    assert caught.value.params["left_minor"] == 8_900
    assert request_by_admin(store, order, "", "key-3").amount_minor == 8_900


# ---------------------------------------------------------------------- CHECK_STATUS


@pytest.mark.parametrize(
    ("amount", "status", "more", "expected"),
    [
        ("", "Refunded", {}, "applied"),
        ("", "Voided", {}, "applied"),
        ("100.00", "Refunded", {}, "requested"),
        ("100.00", "Refunded", {"refundAmount": "100.00"}, "applied"),
        ("100.00", "Refunded", {"refundAmount": 100}, "applied"),
        ("100.00", "Refunded", {"refundAmount": "50.00"}, "requested"),
        ("100.00", "Refunded", {"refundAmount": "x"}, "requested"),
        ("100.00", "RefundInProcessing", {}, "requested"),
        ("100.00", "Approved", {}, "refused"),
        ("100.00", "Declined", {}, "requested"),
        ("100.00", "Refunded", {"refundAmount": "100.00", "merchantSignature": "0" * 32}, "requested"),
    ],
)
def test_status_settles_the_refund_it_confirms(
    store: Store,
    provider: Provider,
    order: Order,
    amount: str,
    status: str,
    more: dict[str, Any],
    expected: str,
) -> None:
    request_by_admin(store, order, amount)
    provider.answers_status(order, status, **more)
    make_open_rows_older(hours=2)
    reconcile(store.chain, store.settings)
    assert PaymentRefund.get().status == expected
    assert (refunded_minor(order) > 0) == (expected == "applied")
    assert run_checks() == {}


@pytest.mark.parametrize("hours_wrong", [0, 2, -2])
def test_recent_request_waits_for_its_callback_whatever_the_clock_of_the_process(
    store: Store, provider: Provider, order: Order, monkeypatch: pytest.MonkeyPatch, hours_wrong: int
) -> None:
    class Clock(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:
            return datetime.now(tz) + timedelta(hours=hours_wrong)

    monkeypatch.setattr("portal.lib.clock.datetime", Clock)
    request_by_admin(store, order, "100.00")
    provider.answers_status(order, "Approved")
    assert reconcile(store.chain, store.settings) == 0
    make_open_rows_older(minutes=10)
    reconcile(store.chain, store.settings)
    assert PaymentRefund.get().status == "requested"
    make_open_rows_older(hours=2)
    reconcile(store.chain, store.settings)
    assert PaymentRefund.get().status == "refused"


def test_late_callback_applies_a_refused_request(store: Store, provider: Provider, order: Order) -> None:
    request_by_admin(store, order, "100.00")
    provider.answers_status(order, "Approved")
    make_open_rows_older(hours=2)
    reconcile(store.chain, store.settings)
    store.send_callback(order, "Refunded", amount="100.00")
    assert PaymentRefund.get().status == "applied"
    assert refunded_minor(order) == 10_000
    assert run_checks() == {}


@pytest.mark.parametrize(
    ("status", "code", "expected"),
    [
        ("Approved", "1100", "paid"),
        ("Declined", "1101", "failed"),
        ("Expired", "1124", "cancelled"),
        ("Refunded", "1100", "refunded"),
        ("Pending", "1134", "redirected"),
        ("InProcessing", "1100", "redirected"),
        ("Declined", "1127", "redirected"),
        ("Mystery", "1100", "redirected"),
    ],
)
def test_final_status_settles_an_overdue_payment(
    store: Store, provider: Provider, status: str, code: str, expected: str
) -> None:
    order = store.place(store.newcomer("ann"), cookie=store.code).order
    store.begin_payment(order)
    provider.answers_status(order, status, code)
    assert reconcile(store.chain, store.settings) == 0
    make_open_rows_older(minutes=10)
    assert reconcile(store.chain, store.settings) == 1
    assert find_payment(order.order_reference).status == expected
    assert reconcile(store.chain, store.settings) == 0
    assert run_checks() == {}


def test_forged_status_settles_nothing(store: Store, provider: Provider) -> None:
    order = store.place(store.newcomer("ann")).order
    store.begin_payment(order)
    provider.answers_status(order, "Approved", merchantSignature="0" * 32)
    make_open_rows_older(minutes=10)
    reconcile(store.chain, store.settings)
    assert find_payment(order.order_reference).status == "redirected"
    provider.answers_status(order, "Approved")
    provider.answers["CHECK_STATUS"]["orderReference"] = "store_other_1"
    make_open_rows_older(days=6)
    assert reconcile(store.chain, store.settings) == 0
