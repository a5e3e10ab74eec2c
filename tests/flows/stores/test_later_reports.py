"""What a later report of an order adds, and what an earlier one said and a later one leaves out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from models import LinkLabel, OrderItem, ReferralReward, User
from portal.db.checks import run_checks
from portal.flows.stores.known_orders import is_known_state
from portal.lib.clock import utc_now
from portal.orders import OrderFilter, list_all_orders
from tests.flows.stores.conftest import Shop

BUYER = {"email": "buyer@example.test"}
UNKNOWN: dict[str, Any] = {}


def test_later_report_adds_code_label_buyer_and_lines(shop: Shop) -> None:
    first = shop.open(referralCode=None, customer=UNKNOWN, lines=[], shipping="0.00")
    assert shop.report(first).result == "created"
    assert (shop.order().total_minor, shop.order().link_label) == (0, None)
    shop.report(shop.open(version=1, linkLabel="Spring-Post"))
    order = shop.order()
    assert (order.total_minor, order.link_label, order.referral_code) == (
        54_998,
        "spring-post",
        shop.code.code,
    )
    assert OrderItem.select().where(OrderItem.order == order.id).count() == 2
    shop.report(version=2)
    assert LinkLabel.get().label == "spring-post"
    shop.report(externalId="15", paidAt=shop.later(5))
    assert shop.order("15").referral_reason == "not_first_purchase"
    assert run_checks() == {}


def test_what_a_later_report_leaves_out_stays(shop: Shop) -> None:
    """A code, a label and a buyer who were named once are not forgotten by reports that say nothing of them."""
    shop.report(externalId="10", customer=BUYER, referralCode=None)
    shop.report(shop.open(linkLabel="spring", customer=BUYER))
    for version in (1, 2):
        shop.report(shop.open(version=version, referralCode=None, customer=UNKNOWN))
    last = shop.snapshot(version=3, referralCode=None, customer=UNKNOWN, paidAt=shop.later(5))
    shop.report(last)
    order = shop.order()
    assert (order.link_label, order.referral_reason) == ("spring", "not_first_purchase")
    assert shop.reward() is None
    assert shop.report(last).result == "unchanged"
    assert is_known_state(shop.store, last, shop.settings)
    assert run_checks() == {}


def test_date_of_an_order_is_when_it_was_placed_at_the_store(shop: Shop) -> None:
    placed = datetime(2024, 2, 29, 12, 30, tzinfo=UTC)
    before = utc_now()
    shop.report(externalId="15")
    shop.report(externalId="16", createdAt=(before + timedelta(days=2)).isoformat())
    assert all(shop.order(number).created_at >= before for number in ("15", "16"))
    shop.report(createdAt=placed.isoformat())
    assert shop.order().created_at == placed
    shop.report(version=2)
    assert shop.order().created_at == placed
    shop.report(version=2, createdAt=placed.isoformat())
    shop.report(externalId="15", version=2, createdAt=(placed - timedelta(days=1)).isoformat())
    listed = list_all_orders(OrderFilter()).rows
    assert [order.external_id for order in listed] == ["16", "14", "15"]
    in_february = OrderFilter(since=placed, until=placed + timedelta(days=1))
    assert [order.external_id for order in list_all_orders(in_february).rows] == ["14"]


def test_code_of_the_first_report_is_kept_over_several_reports(shop: Shop) -> None:
    shop.report(shop.open())
    for version in (1, 2):
        shop.report(shop.open(version=version, referralCode=None))
    shop.report(version=3, referralCode=None)
    assert shop.order().referral_code == shop.code.code


def test_label_that_follows_the_payment_moves_what_was_earned(shop: Shop) -> None:
    shop.report()
    shop.report(version=2, linkLabel="spring")
    shop.report(version=3, linkLabel="autumn")
    assert (shop.order().link_label, LinkLabel.get().label) == ("spring", "spring")
    assert ReferralReward.get().reward_amount_wei > 0
    assert run_checks() == {}  # among them the results of each label


@pytest.mark.parametrize(
    ("customer", "reason"),
    [(BUYER, "not_first_purchase"), ({"email": "referrer@example.test"}, "self_referral")],
)
def test_buyer_who_is_named_after_the_payment(shop: Shop, customer: dict[str, Any], reason: str) -> None:
    User.update(email="referrer@example.test", email_confirmed_at=utc_now()).where(
        User.id == shop.code.owner_user_id
    ).execute()
    shop.report(externalId="10", customer=BUYER, referralCode=None)
    shop.report(customer=UNKNOWN, paidAt=shop.later(5))
    assert shop.order().referral_code is not None
    shop.report(version=2, customer=customer, paidAt=shop.later(5))
    assert (shop.order().referral_code, shop.order().referral_reason) == (None, reason)
    assert shop.reward() is None
    assert shop.settlement().referral_commission_minor == 0
    assert run_checks() == {}


def test_decided_reward_stays_when_its_buyer_is_named_later(shop: Shop) -> None:
    shop.report(externalId="10", customer=BUYER, referralCode=None)
    shop.report(customer=UNKNOWN, paidAt=shop.later(5))
    ReferralReward.update(status="approved").execute()
    shop.report(version=2, customer=BUYER, paidAt=shop.later(5))
    assert shop.order().referral_code == shop.code.code


def test_buyer_who_is_named_later_has_bought_before_all_the_same(shop: Shop) -> None:
    shop.report(customer=UNKNOWN)
    shop.report(version=2, customer=BUYER)
    shop.report(externalId="15", customer=BUYER, paidAt=shop.later(5))
    assert (shop.order().referral_reason, shop.order("15").referral_reason) == (None, "not_first_purchase")


def test_buyer_who_is_named_together_with_a_refund(shop: Shop) -> None:
    shop.report(externalId="10", customer=BUYER, referralCode=None)
    shop.report(customer=UNKNOWN, paidAt=shop.later(5))
    refund = {"id": "1", "amount": "100.00"}
    shop.report(version=2, customer=BUYER, paidAt=shop.later(5), linkLabel="spring", refunds=[refund])
    order = shop.order()
    assert (order.referral_reason, order.link_label) == ("not_first_purchase", "spring")
    assert (order.refunded_minor, shop.reward()) == (7_639, None)
    assert run_checks() == {}
