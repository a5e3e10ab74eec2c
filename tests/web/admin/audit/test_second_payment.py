"""An order that was paid twice: the audit reports it and the second payment can be refunded."""

from __future__ import annotations

import json
from typing import Any

import pytest
import requests
from flask import Flask

from models import Order, PaymentEvent, PaymentRefund, PaymentTransaction, Settlement, User
from portal.db.checks import run_checks
from portal.payments.providers.wayforpay.callbacks import sign_callback
from tests.factories import make_order, make_payment, make_settlement, make_vendor
from tests.support.http_answers import answer_calls
from tests.web.conftest import visitor
from tests.web.pages import text_of
from tests.web.visitor import Visitor

AUDIT, REFUND, WEBHOOK = "/admin/audit", "/admin/audit/refund", "/api/payments/wayforpay/webhook"
SECOND = "store_attempt2_1700000000002"


@pytest.fixture
def order(owner: User) -> Order:
    """Return a paid order with a declined second attempt under its own reference."""
    paid = make_order(owner, paid=True)
    make_payment(paid, "paid")
    make_payment(paid, "failed", order_reference=SECOND)
    make_settlement(make_vendor(), paid.total_minor, order_reference=paid.order_reference)
    return paid


@pytest.fixture
def provider(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """Answer provider calls with the payment simulator."""

    def deliver(call: requests.PreparedRequest) -> tuple[int, bytes]:
        return 200, visitor(app).post(call.path_url, data=call.body).data

    answer_calls(monkeypatch, deliver)


def send_second_callback(app: Flask, order: Order, status: str = "Approved") -> PaymentEvent:
    settings = app.extensions["portal"].settings
    fields = {
        "merchantAccount": settings.wayforpay_merchant_account,
        "orderReference": SECOND,
        "amount": f"{order.total_minor // 100}.00",
        "currency": order.currency,
        "authCode": "541963",
        "cardPan": "41****8217",
        "transactionStatus": status,
        "reasonCode": "1100",
    }
    body = json.dumps(sign_callback(settings.wayforpay_secret_key.get_secret_value(), fields))
    assert visitor(app).post(WEBHOOK, data=body).status_code == 200
    return PaymentEvent.select().order_by(PaymentEvent.id.desc()).get()


def audit_of(browser: Visitor, reference: str) -> Any:
    return browser.get(AUDIT, query_string={"orderReference": reference})


def second_payment() -> PaymentTransaction:
    return PaymentTransaction.get(PaymentTransaction.order_reference == SECOND)


def test_second_payment_is_reported_at_both_references(app: Flask, as_admin: Visitor, order: Order) -> None:
    assert "paid twice" not in text_of(audit_of(as_admin, order.order_reference))
    event = send_second_callback(app, order)
    assert (event.outcome, event.reason) == ("unmatched", "order_paid_already")
    send_second_callback(app, order)  # The provider may repeat a callback.
    PaymentTransaction.update(status="cancelled", failure_reason="superseded").where(
        PaymentTransaction.order_reference == SECOND
    ).execute()
    assert "Paid a second time" in text_of(audit_of(as_admin, SECOND))
    history = text_of(as_admin.get(f"/admin/orders/{order.id}"))
    assert "Cancelled" in history
    assert "Expired" not in history
    for reference in (order.order_reference, SECOND):
        page = text_of(audit_of(as_admin, reference))
        assert page.count("The buyer paid twice: 1,000.00") == 1
        assert "No differences found" not in page
    assert (
        f'href="/admin/audit?orderReference={SECOND}#refund"'
        in audit_of(as_admin, order.order_reference).text
    )
    assert 'name="refundKey"' in audit_of(as_admin, SECOND).text


@pytest.mark.parametrize("locale", ["en", "uk", "ru"])
def test_second_payment_report_is_translated(
    app: Flask, as_admin: Visitor, order: Order, locale: str
) -> None:
    send_second_callback(app, order)
    page = as_admin.get(f"/{locale}{AUDIT}", query_string={"orderReference": SECOND})
    assert page.status_code == 200
    assert SECOND in text_of(page)


@pytest.mark.usefixtures("provider")
def test_refunded_second_payment_leaves_the_order_paid(app: Flask, as_admin: Visitor, order: Order) -> None:
    send_second_callback(app, order)
    form = {"orderReference": SECOND, "amount": "400", "reason": "Paid twice", "refundKey": "key-1"}
    assert as_admin.submit(REFUND, form).status_code == 303
    assert (second_payment().status, second_payment().refunded_minor) == ("failed", 40_000)
    assert "paid twice" in text_of(audit_of(as_admin, SECOND))
    rest = {**form, "amount": "", "refundKey": "key-2"}
    for _ in range(2):
        assert as_admin.submit(REFUND, rest).status_code == 303
    assert (second_payment().status, second_payment().refunded_minor) == ("refunded", order.total_minor)
    assert [row.amount_minor for row in PaymentRefund.select().order_by(PaymentRefund.id)] == [40_000, 60_000]
    assert Order.get_by_id(order.id).status == "paid"
    assert [row.status for row in Settlement.select()] == ["pending"]
    for reference in (order.order_reference, SECOND):
        assert "No differences found" in text_of(audit_of(as_admin, reference))
    assert not {name: rows for name, rows in run_checks().items() if "refund" in name or "journal" in name}


def test_declined_or_closed_callback_is_not_a_second_payment(
    app: Flask, as_admin: Visitor, order: Order
) -> None:
    send_second_callback(app, order, "Declined")
    assert "paid twice" not in text_of(audit_of(as_admin, SECOND))
    form = {"orderReference": SECOND, "amount": "", "reason": "Paid twice", "refundKey": "key-1"}
    assert as_admin.submit(REFUND, form).status_code == 409
    event = send_second_callback(app, order)
    as_admin.submit(f"/admin/payments/inbox/{event.id}/close", {"note": "Refunded by hand"})
    assert "paid twice" not in text_of(audit_of(as_admin, SECOND))
    assert as_admin.submit(REFUND, {**form, "refundKey": "key-2"}).status_code == 409
