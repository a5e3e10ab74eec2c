"""An admin takes off what a store reported by mistake: both ledgers follow, no money moves, and refunds still count."""

from __future__ import annotations

from decimal import Decimal

import pytest

from models import EventLog, PaymentRefund, PaymentTransaction, Proposal
from portal.db import Actor
from portal.db.checks import run_checks
from portal.flows.refunds.request_refund import NotReported, correct_report, request_refund
from portal.payments import NotRefundable, RefundTooLarge
from tests.factories import make_admin
from tests.flows.conftest import settings_with
from tests.flows.stores.conftest import Shop, refund

ACTOR = Actor("command:store")


def test_a_correction_reduces_both_ledgers_and_later_refunds_still_count(shop: Shop) -> None:
    """The store reported 719.98 for an order of 359.99; later it refunds 100 of that, then the rest."""
    shop.report()
    reference, before = shop.order().order_reference, shop.settlement().amount_minor
    admin = make_admin()
    for _again in range(2):
        row = request_refund(
            reference, "359.99", "reported twice the price", "form-1", admin.id, shop.settings
        )
        assert row is not None
        assert (row.status, row.amount_minor, row.goods_minor) == ("applied", 35_999, 27_499)
    assert (shop.settlement().amount_minor, shop.order().refunded_minor) == (before - 27_499, 27_499)
    reward = shop.reward()
    assert reward is not None
    assert reward.status == "pending_approval"
    earned = reward.reward_amount_wei
    shop.report(version=2, refunds=[refund("15", "100.00", ("7", "83.33"))])
    assert [each.amount_minor for each in PaymentRefund.select().order_by(PaymentRefund.id)] == [
        35_999,
        10_000,
    ]
    assert shop.order().refunded_minor == 27_499 + 8_333
    smaller = shop.reward()
    assert smaller is not None
    assert 0 < smaller.reward_amount_wei < earned
    over = shop.report(version=3, refunds=[refund("15", "100.00", ("7", "83.33")), refund("16", "300.00")])
    assert [note["code"] for note in over.notes] == ["refund_exceeds"]
    order, rejected = shop.order(), shop.reward()
    assert (order.status, order.refunded_minor, shop.settlement().status) == ("refunded", 54_998, "cancelled")
    assert rejected is not None
    assert rejected.status == "rejected"
    with pytest.raises(NotRefundable):
        correct_report(reference, "1", "too late", "late", ACTOR)
    assert run_checks() == {}


def test_an_order_that_should_not_exist_is_corrected_whole(shop: Shop) -> None:
    shop.report()
    reference = shop.order().order_reference
    with pytest.raises(RefundTooLarge):
        correct_report(reference, "719.99", "a test order", "one", ACTOR)
    correct_report(reference, "", "a test order", "two", ACTOR)
    assert (shop.order().status, shop.settlement().status) == ("refunded", "cancelled")
    event = EventLog.get(EventLog.event == "refund_recorded")
    assert (event.actor, event.reason) == ("command:store", "a test order")
    assert run_checks() == {}


def test_a_large_correction_waits_for_a_second_admin(shop: Shop) -> None:
    shop.report()
    settings = settings_with(refund_second_approval_usd=Decimal(1))
    reference = shop.order().order_reference
    assert request_refund(reference, "", "a test order", "form-2", make_admin().id, settings) is None
    assert (Proposal.select().count(), shop.order().refunded_minor) == (1, 0)


def test_only_reports_of_stores_are_corrected(shop: Shop) -> None:
    shop.report()
    payment = shop.order().order_reference
    PaymentTransaction.update(processor="wayforpay").where(
        PaymentTransaction.order_reference == payment
    ).execute()
    with pytest.raises(NotReported):
        correct_report(payment, "1", "wrong", "three", ACTOR)
