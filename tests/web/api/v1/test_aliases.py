"""Aliases in orders of connected stores: as the code, and as a coupon. See docs/rules/codes.md."""

from __future__ import annotations

from typing import Any

import pytest

from models import Order, Refcode, Store, User
from portal.codes import retire_alias, set_alias
from portal.db import SYSTEM
from portal.stores import set_coupon
from tests.factories import make_code
from tests.web.api.v1.conftest import Call
from tests.web.api.v1.test_reported_orders import snapshot


@pytest.fixture(autouse=True)
def alias(code: Refcode) -> None:
    set_alias(code.code, "ANNA10", SYSTEM, "Ring")


def report(call: Call, **changes: Any) -> Order:
    call("/orders", snapshot(**changes))
    return Order.get()


@pytest.mark.parametrize("text", ["anna10", "ANNA10", " Anna10 "])
def test_order_is_credited_by_its_alias(call: Call, code: Refcode, text: str) -> None:
    order = report(call, referralCode=text)
    assert (order.referral_code, order.referral_trace[0]["source"]) == (code.code, "cookie")


def test_coupon_is_credited_unless_a_code_came_along(call: Call, code: Refcode, owner: User) -> None:
    order = report(call, couponCodes=["half-price", "anna10"])
    assert (order.referral_code, order.referral_trace[0]["source"]) == (code.code, "coupon")
    Order.update(external_id="other").execute()
    link = make_code(owner)
    call(
        "/orders",
        snapshot(link, externalId="15", couponCodes=["anna10"], customer={"email": "b@example.test"}),
    )
    assert Order.get(Order.external_id == "15").referral_code == link.code


def test_coupon_of_the_store_comes_first(call: Call, store: Store, owner: User) -> None:
    assigned = make_code(owner)
    set_coupon(store.id, "anna10", assigned.code, SYSTEM)
    assert report(call, couponCodes=["anna10"]).referral_code == assigned.code


def test_attribution_is_previewed_by_alias(call: Call, code: Refcode) -> None:
    body = {"referralCode": "anna10", "customer": {"email": "new@example.test"}}
    assert call("/attribution", body).get_json()["referralCode"] == code.code


def test_open_order_keeps_its_code_when_the_alias_ends(call: Call, code: Refcode) -> None:
    is_open = {"status": "open", "paidAmount": "0.00", "paidAt": None, "referralCode": "anna10", "version": 1}
    assert report(call, **is_open).referral_code == code.code
    retire_alias(code.code, SYSTEM)
    order = report(call, referralCode="anna10")
    assert (order.status, order.referral_code) == ("paid", code.code)
    call("/orders", snapshot(externalId="15", referralCode="anna10", customer={"email": "b@example.test"}))
    assert Order.get(Order.external_id == "15").referral_reason == "unknown_code"
