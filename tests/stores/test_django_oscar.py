"""A real django-oscar shop connected to the portal by the sample: both books agree to the kopeck."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from peewee import fn

from models import Order, PaymentRefund, ReferralReward, StoreVendor
from portal.db import connection
from portal.lib.money import to_major
from portal.orders import find_store_order
from portal.stores import create_key
from tests.factories import ACTOR, make_code, make_store, make_user, make_vendor
from tests.support.oscar_shop import OscarShop, open_oscar_shop
from tests.support.store_books import booked

pytestmark = pytest.mark.slow

BOTH = {"MUG-1": 2, "POSTER-2": 1}
VENDORS = ("Vendor A", "Vendor B")


@dataclass
class Connected:
    """A shop and the portal that it reports to."""

    shop: OscarShop
    store_id: int
    code: str
    url: str
    live_key: str
    test_key: str

    def report(self, *options: str, live: bool = True) -> str:
        return self.shop.report(self.url, self.live_key if live else self.test_key, *options)


@pytest.fixture
def connected(database: str, portal_url: str, tmp_path: Path) -> Iterator[Connected]:
    first, second = (make_vendor(name=name) for name in VENDORS)
    store = make_store(first)
    # The shop's partners are 1 and 2.
    for partner, vendor in (("1", first), ("2", second)):
        StoreVendor.insert(store=store.id, external_id=partner, vendor=vendor.id).execute()
    code = make_code(make_user("Anna")).code
    keys = [create_key(store.id, mode, ACTOR).text for mode in ("live", "test")]
    with open_oscar_shop(tmp_path) as shop:
        yield Connected(shop, store.id, code, portal_url, *keys)


def order_in_portal(connected: Connected, external_id: str) -> Order | None:
    found = find_store_order(connected.store_id, external_id)
    return None if found is None else Order.get_by_id(found.order_id)


def of_shop(figures: dict[str, Any]) -> dict[str, Decimal]:
    """Return what the shop's partners sold of an order and kept."""
    if 0 < Decimal(figures["paid"]) == Decimal(figures["refunded"]):
        return dict.fromkeys(figures["sold"], Decimal(0))
    returned = figures["returned"]
    return {name: Decimal(sold) - Decimal(returned.get(name, 0)) for name, sold in figures["sold"].items()}


def of_order(figures: list[dict[str, Any]], number: str) -> dict[str, Any]:
    return next(entry for entry in figures if entry["number"] == number)


def check(connected: Connected, orders: dict[str, str], *, rewarded: set[str], unpaid: set[str]) -> None:
    """Compare every order of the shop with both ledgers of the portal."""
    figures = connected.shop.figures()
    assert {entry["number"] for entry in figures} == set(orders.values())
    for name, number in orders.items():
        own = of_order(figures, number)
        with connection():
            order = order_in_portal(connected, own["id"])
            assert order is not None, name
            reward = ReferralReward.get_or_none(order_reference=order.order_reference)
            assert (reward is not None) == (name in rewarded), name
            if name not in unpaid:
                check_money(name, order, own)
            else:
                assert booked(order) == {}, name


def check_money(name: str, order: Order, own: dict[str, Any]) -> None:
    assert to_major(order.paid_minor, order.currency) == Decimal(own["paid"]), name
    refunds = PaymentRefund.select(fn.SUM(PaymentRefund.amount_minor))
    refunded = refunds.where(PaymentRefund.order_reference == order.order_reference).scalar() or 0
    assert to_major(refunded, order.currency) == Decimal(own["refunded"]), name
    ours, theirs = booked(order), of_shop(own)
    assert ours == theirs, name


def test_books_of_shop_and_portal_agree_to_the_kopeck(connected: Connected) -> None:
    shop, code = connected.shop, connected.code
    orders = {"tried": shop.visitor(code).buy(BOTH, guest="tried@example.test")}
    assert "accepted 1" in connected.report(live=False)
    with connection():
        assert Order.select().count() == 0, "a test changes nothing"

    orders |= {
        "guest": shop.visitor(code).buy(BOTH, guest="guest@example.test", voucher="ANNA10"),
        "account": shop.visitor(code).buy(BOTH, account="olena@example.test"),
        "again": shop.visitor(code).buy({"MUG-1": 2}, account="olena@example.test"),
        "on delivery": shop.visitor(code).buy({"POSTER-2": 1}, guest="on-delivery@example.test"),
        "no code": shop.visitor().buy({"MUG-1": 3}, guest="passer-by@example.test"),
    }
    assert "accepted 6, not accepted 0" in connected.report("--again", "1")
    check(connected, orders, rewarded={"tried", "guest", "account"}, unpaid={"on delivery"})

    shop.manage("capture", orders["on delivery"])
    shop.manage("refund", orders["guest"], "--sku", "MUG-1")
    shop.manage("refund", orders["guest"], "--amount", "50.00", "--status", "Pending")
    shop.manage("refund", orders["account"], "--sku", "POSTER-2")
    shop.manage("refund", orders["again"], "--sku", "MUG-1")
    whole = of_order(shop.figures(), orders["no code"])["paid"]
    shop.manage("refund", orders["no code"], "--amount", whole)
    assert "accepted 5, not accepted 0" in connected.report()
    check(connected, orders, rewarded={"tried", "guest", "account", "on delivery"}, unpaid=set())
