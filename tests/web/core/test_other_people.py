"""What referrers, vendors and buyers read names no other person: no name, e-mail, wallet or id of theirs."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from models import Order, Settlement, User, Vendor
from portal.chain import checksum
from tests.factories import (
    make_admin,
    make_code,
    make_order,
    make_payment,
    make_product,
    make_reward,
    make_settlement,
    make_user,
    make_wallet,
)
from tests.web.visitor import Visitor

RECIPIENT = "partner-of-the-platform"


@dataclass(frozen=True)
class Sale:
    """One attributed sale and the people in it."""

    buyer: User
    referrer: User
    admin: User
    traces: dict[str, tuple[str, ...]]

    def traces_of_others(self, reader: str) -> list[str]:
        return [trace for name, traces in self.traces.items() if name != reader for trace in traces]


@pytest.fixture
def sale(database: str, seller: User) -> Sale:
    vendor = Vendor.get(Vendor.user == seller.id)
    people = {
        "buyer": make_user("Zoreslava Buyerenko", email="buyer-mail@example.org"),
        "referrer": make_user("Liubomyr Referrerko", email="referrer-mail@example.org"),
        "admin": make_admin(name="Vsevolod Approvenko", email="admin-mail@example.org"),
    }
    wallets = {name: make_wallet(person) for name, person in people.items()}
    code = make_code(people["referrer"], wallets["referrer"])
    order = make_order(people["buyer"], [(make_product(vendor), 1)], code=code, paid=True)
    make_payment(order, "paid")
    make_reward(
        code,
        "minted",
        order_reference=order.order_reference,
        order_id=order.id,
        referee_user_id=people["buyer"].id,
        approved_by=people["admin"].id,
    )
    settlement = make_settlement(vendor, order_reference=order.order_reference, order_id=order.id)
    splits = [{"recipientId": RECIPIENT, "percent": "1", "amount": "1.00", "description": None}]
    metadata = settlement.metadata
    metadata["commissionBreakdown"]["customSplits"] = splits
    Settlement.update(metadata=metadata).where(Settlement.id == settlement.id).execute()
    traces = {
        name: (person.name, str(person.email), wallets[name], checksum(wallets[name]))
        for name, person in people.items()
    }
    return Sale(people["buyer"], people["referrer"], people["admin"], traces | {"partner": (RECIPIENT,)})


@pytest.mark.parametrize("path", ["/refcodes", "/api/refcodes", "/refcodes.csv", "/notifications"])
def test_referrer_reads_of_nobody_else(client: Visitor, sale: Sale, path: str) -> None:
    check(client.sign_in_as(sale.referrer), path, sale.traces_of_others("referrer"))


@pytest.mark.parametrize(
    "path",
    [
        "/vendor/earnings",
        "/vendor/earnings.csv",
        "/vendor/earnings/payouts.csv",
        "/vendor/orders",
    ],
)
def test_vendor_reads_of_nobody_else(as_seller: Visitor, sale: Sale, path: str) -> None:
    check(as_seller, path, sale.traces_of_others("vendor"))


def test_pages_of_one_order_name_nobody_else(client: Visitor, as_seller: Visitor, sale: Sale) -> None:
    order_id = Order.get().id
    check(as_seller, f"/vendor/orders/{order_id}", sale.traces_of_others("vendor"))
    # The buyer knows the name of the referrer from the checkout.
    others = [text for text in sale.traces_of_others("buyer") if text != sale.traces["referrer"][0]]
    check(client.sign_in_as(sale.buyer), f"/orders/{order_id}", others)


@pytest.mark.parametrize("path", ["/orders", "/orders.csv", "/orders/payments.csv", "/orders/credit.csv"])
def test_buyer_reads_of_nobody_else(client: Visitor, sale: Sale, path: str) -> None:
    check(client.sign_in_as(sale.buyer), path, sale.traces_of_others("buyer"))


def test_admin_reads_who_gets_a_split(client: Visitor, sale: Sale) -> None:
    assert RECIPIENT in client.sign_in_as(sale.admin).get("/admin/store/commissions").text


def check(browser: Visitor, path: str, traces: list[str]) -> None:
    answer = browser.get(path)
    assert answer.status_code == 200
    assert [trace for trace in traces if trace in answer.text] == []
