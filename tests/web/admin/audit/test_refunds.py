"""Refunds on the audit page, and how each role sees them. See docs/rules/refunds.md."""

from __future__ import annotations

from typing import Any

import pytest
import requests
from flask import Flask

from models import (
    CreditEntry,
    EventLog,
    Order,
    PaymentRefund,
    PaymentTransaction,
    Refcode,
    ReferralReward,
    RewardDebit,
    RewardNetting,
    Settlement,
    User,
    Vendor,
)
from portal.payments import credit_balance
from tests.factories import (
    TOKEN,
    give_credit,
    make_order,
    make_payment,
    make_reward,
    make_settlement,
    make_vendor,
)
from tests.support.http_answers import answer_calls
from tests.web.conftest import visitor
from tests.web.pages import form_fields, text_of
from tests.web.visitor import Visitor

AUDIT, REFUND = "/admin/audit", "/admin/audit/refund"


@pytest.fixture
def order(owner: User, code: Refcode) -> Order:
    """Return a paid order of 1 000.00 UAH with rows in both ledgers."""
    order = make_order(owner, code=code, paid=True)
    make_payment(order, "paid")
    make_settlement(make_vendor(), order_reference=order.order_reference)
    make_reward(code, order_reference=order.order_reference)
    return order


@pytest.fixture
def calls(app: Flask, monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """Answer provider calls with the payment simulator, and collect the sent bodies."""
    sent: list[bytes] = []

    def deliver(call: requests.PreparedRequest) -> tuple[int, bytes]:
        assert isinstance(call.body, bytes)
        sent.append(call.body)
        return 200, visitor(app).post(call.path_url, data=call.body).data

    answer_calls(monkeypatch, deliver)
    return sent


@pytest.fixture
def provider_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: requests.PreparedRequest) -> tuple[int, bytes]:
        raise requests.ConnectTimeout("timed out")

    answer_calls(monkeypatch, fail)


def refund_form(order: Order, **values: str) -> dict[str, str]:
    return {
        "orderReference": order.order_reference,
        "reason": "Goods returned",
        "refundKey": "key-1",
        **values,
    }


def payment_of(order: Order) -> PaymentTransaction:
    return PaymentTransaction.get(PaymentTransaction.order_reference == order.order_reference)


def audit_of(browser: Visitor, order: Order) -> Any:
    return browser.get(AUDIT, query_string={"orderReference": order.order_reference})


def test_each_page_view_offers_a_new_refund_key(as_admin: Visitor, order: Order) -> None:
    first, second = (form_fields(audit_of(as_admin, order), REFUND) for _ in range(2))
    assert first["orderReference"] == [order.order_reference]
    assert first["refundKey"] != second["refundKey"]


def test_empty_amount_refunds_in_full(as_admin: Visitor, order: Order, calls: list[bytes]) -> None:
    response = as_admin.submit(REFUND, refund_form(order))
    assert response.status_code == 303
    assert response.location == f"{AUDIT}?orderReference={order.order_reference}"
    assert payment_of(order).status == "refunded"
    assert Order.get_by_id(order.id).status == "refunded"
    assert Settlement.get().status == "cancelled"
    assert ReferralReward.get().status == "rejected"
    assert len(calls) == 1
    text = text_of(audit_of(as_admin, order))
    for expected in ("Goods returned", "1,000.00", "The refund is complete", "The order was refunded."):
        assert expected in text, expected
    assert 'name="refundKey"' not in audit_of(as_admin, order).text
    event = EventLog.get(EventLog.event == "refund_applied")
    assert event.actor.startswith("user:")


def test_resubmitted_form_refunds_once(as_admin: Visitor, order: Order, calls: list[bytes]) -> None:
    for _ in range(3):
        assert as_admin.submit(REFUND, refund_form(order, amount="100.00")).status_code == 303
    assert payment_of(order).refunded_minor == 10_000
    assert len(calls) == 1
    assert as_admin.submit(REFUND, refund_form(order, amount="100.00", refundKey="key-2")).status_code == 303
    assert payment_of(order).refunded_minor == 20_000


@pytest.mark.parametrize(
    ("values", "field", "status"),
    [
        ({"amount": "x"}, "amount", 422),
        ({"amount": "0"}, "amount", 422),
        ({"amount": "-5"}, "amount", 422),
        ({"amount": "1.001"}, "amount", 422),
        ({"amount": "NaN"}, "amount", 422),
        ({"amount": "1000.01"}, "amount", 422),
        ({"reason": "  "}, "reason", 422),
        ({"reason": "x" * 201}, "reason", 422),
        ({"refundKey": ""}, "refund", 409),
        ({"refundKey": "x" * 65}, "refund", 409),
    ],
)
def test_invalid_field_is_refused_with_its_name(
    as_admin: Visitor, order: Order, calls: list[bytes], values: dict[str, str], field: str, status: int
) -> None:
    page = as_admin.submit(REFUND, refund_form(order, **values))
    assert page.status_code == status
    assert f'href="#{field}"' in page.text
    if field != "refund":
        assert f'id="{field}-error"' in page.text
    assert not PaymentRefund.select().exists()
    assert not calls


def test_refused_form_keeps_its_input_and_key(as_admin: Visitor, order: Order) -> None:
    page = as_admin.submit(REFUND, refund_form(order, amount="9 000"))
    fields = form_fields(page, REFUND)
    assert fields["amount"] == ["9 000"]
    assert fields["refundKey"] == ["key-1"]


def test_unpaid_or_unknown_order_cannot_be_refunded(as_admin: Visitor, owner: User) -> None:
    unpaid = make_order(owner)
    make_payment(unpaid)
    assert as_admin.submit(REFUND, refund_form(unpaid)).status_code == 409
    assert as_admin.submit(REFUND, refund_form(Order(order_reference="store_none_1"))).status_code == 404
    assert as_admin.submit(REFUND, {}).status_code in (404, 422)


def test_refund_requires_admin_csrf_token_and_post(
    client: Visitor, as_owner: Visitor, as_seller: Visitor, as_admin: Visitor, order: Order
) -> None:
    assert client.submit(REFUND, refund_form(order)).status_code == 401
    assert as_owner.submit(REFUND, refund_form(order)).status_code == 403
    assert as_seller.submit(REFUND, refund_form(order)).status_code == 403
    assert as_admin.post(REFUND, data=refund_form(order)).status_code == 400
    assert as_admin.get(REFUND).status_code == 405
    assert not PaymentRefund.select().exists()


@pytest.mark.usefixtures("provider_timeout")
def test_provider_timeout_leaves_the_refund_requested(as_admin: Visitor, order: Order) -> None:
    assert as_admin.submit(REFUND, refund_form(order, amount="600")).status_code == 303
    assert PaymentRefund.get().status == "requested"
    assert payment_of(order).refunded_minor == 0
    text = text_of(audit_of(as_admin, order))
    assert "has not confirmed the refund yet" in text
    assert "Sent to the provider" in text
    # An amount that is already requested cannot be requested again.
    assert as_admin.submit(REFUND, refund_form(order, amount="401", refundKey="key-2")).status_code == 422


def test_credit_is_refunded_once(as_admin: Visitor, owner: User, code: Refcode) -> None:
    give_credit(owner, 50_000)
    order = make_order(owner, code=code, paid=True)
    make_payment(order, "paid", processor="internal_credit", rail="internal_credit")
    for _ in range(2):
        assert as_admin.submit(REFUND, refund_form(order, amount="250")).status_code == 303
    assert credit_balance(owner.id, "UAH") == 75_000
    entry = CreditEntry.get(CreditEntry.reason == "refund")
    assert (entry.amount_minor, entry.order_reference) == (25_000, order.order_reference)
    assert as_admin.submit(REFUND, refund_form(order, refundKey="key-2")).status_code == 303
    assert credit_balance(owner.id, "UAH") == 150_000
    assert payment_of(order).status == "refunded"


# ---------------------------------------------------------------------- pages of each role


@pytest.mark.parametrize("locale", ["en", "uk", "ru"])
def test_partial_refund_is_shown_on_every_page(
    app: Flask,
    as_admin: Visitor,
    as_owner: Visitor,
    as_other: Visitor,
    order: Order,
    calls: list[bytes],
    locale: str,
) -> None:
    as_admin.submit(REFUND, refund_form(order, amount="100.00"))
    pages = [
        as_admin.get(f"/{locale}{AUDIT}", query_string={"orderReference": order.order_reference}),
        as_admin.get(f"/{locale}/admin/store/commissions"),
        as_admin.get(f"/{locale}/admin/refcodes"),
        as_owner.get(f"/{locale}/orders"),
        as_owner.get(f"/{locale}/checkout/processing/{order.order_reference}"),
        as_other.get(f"/{locale}/refcodes"),
        as_other.get(f"/{locale}/notifications"),
    ]
    assert [page.status_code for page in pages] == [200] * len(pages)
    if locale == "en":
        expected_texts = (
            "Goods returned",
            "Reduced from 1,000.00",
            "Reduced from 12.5",
            "100.00 UAH was refunded",
            "100.00 UAH was refunded",
            "Reduced from 12.5",
            "was reduced by 1.25",
        )
        for page, expected in zip(pages, expected_texts, strict=True):
            assert expected in text_of(page).replace("\u00a0", " "), expected


def test_referrer_sees_the_debit_and_its_deduction(
    as_other: Visitor, as_admin: Visitor, code: Refcode
) -> None:
    minted = make_reward(code, "minted")
    debit = RewardDebit.create(
        reward_id=minted.id,
        referrer_user_id=code.owner_user_id,
        amount_wei=3 * TOKEN,
        netted_wei=TOKEN,
        reason="refunded",
        order_reference=minted.order_reference,
    )
    later = make_reward(code, "approved", netted_wei=TOKEN, granted_wei=27 * TOKEN // 2)
    RewardNetting.insert(debit_id=debit.id, reward_id=later.id, amount_wei=TOKEN).execute()
    text = text_of(as_other.get("/refcodes")).replace("\u00a0", " ")
    for expected in (
        "You owe 2 RING for refunded orders",
        "3 RING is owed, of which 1 RING was deducted",
        f"1 RING was deducted: order {minted.order_reference} was refunded",
    ):
        assert expected in text, expected
    assert "3 RING is owed" in text_of(
        audit_of(as_admin, Order(order_reference=minted.order_reference))
    ).replace("\u00a0", " ")


def test_vendor_sees_the_refund_deduction(
    app: Flask, as_seller: Visitor, as_admin: Visitor, seller: User, owner: User, calls: list[bytes]
) -> None:
    order = make_order(owner, paid=True)
    make_payment(order, "paid")
    vendor = Vendor.get(Vendor.user == seller.id)
    make_settlement(vendor, status="completed", order_reference=order.order_reference)
    as_admin.submit(REFUND, refund_form(order, amount="100.00"))
    text = text_of(as_seller.get("/vendor/earnings")).replace("\u00a0", " ")
    for expected in ("deducted from the next payout", "-100.00", "-75.00"):
        assert expected in text, expected
