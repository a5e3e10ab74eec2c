"""An admin takes off what a store reported by mistake: both ledgers follow, no money moves, and refunds still count."""

from __future__ import annotations

from decimal import Decimal

import pytest

from models import EventLog, MerchantConfig, PaymentRefund, PaymentTransaction, Proposal
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


@pytest.mark.parametrize("is_too_low", [True, False])
def test_a_wrong_report_is_completed_or_replaced_by_an_order_without_a_buyer(
    shop: Shop, is_too_low: bool
) -> None:
    """Half of an order is missing, or a percent was wrong: the buyer would make the second report a later purchase."""
    half = [{"externalId": "7", "sku": "MUG-1", "quantity": 1, "amount": "300.00"}]
    first = {"lines": half, "shipping": "0.00", "paidAmount": "300.00"}
    shop.report(**first)
    expected = shop.settlement()
    if not is_too_low:
        MerchantConfig.update(platform_percent=7).execute()
        correct_report(shop.order().order_reference, "", "a wrong percent", "percent", ACTOR)
    shop.report(**first, externalId="14-b", customer={})
    second = shop.settlement("14-b")
    reward = shop.reward("14-b")
    assert reward is not None
    assert second.referral_commission_minor == expected.referral_commission_minor > 0
    assert second.platform_commission_minor == (6_000 if is_too_low else 2_100)
    shop.report(**first, externalId="14-c")
    assert shop.reward("14-c") is None
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
