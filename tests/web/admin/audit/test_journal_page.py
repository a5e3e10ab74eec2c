"""`/admin/journal`: balances, transfers and account names."""

from __future__ import annotations

import logging

import pytest

from models import Order, Refcode, StoreOrder
from portal.stores import ensure_customers
from tests.factories import (
    make_order,
    make_reward,
    make_settlement,
    make_store,
    make_user,
    make_vendor,
)
from tests.web.exports.ledger_files import csv_rows
from tests.web.pages import text_of
from tests.web.visitor import Visitor

JOURNAL = "/admin/journal"


def test_accounts_show_names_of_vendors_and_referrers(as_admin: Visitor, code: Refcode) -> None:
    vendor = make_vendor(name="Tea House")
    make_settlement(vendor)
    make_reward(code)
    page = as_admin.get(JOURNAL)
    text = text_of(page)
    assert "Owed to vendors · Tea House" in text
    assert f"Owed to referrers · {code.owner.name}" in text
    assert f"/admin/journal?account=vendor_payable:{vendor.id}" in page.text


def test_filters_name_an_account_or_an_order_or_say_what_is_wrong(as_admin: Visitor) -> None:
    vendor, store = make_vendor(name="Tea House"), make_store()
    order = make_order(make_user("Buyer"), paid=True)
    (customer,) = ensure_customers(store.id, ["hash-of-a-customer"])
    Order.update(store=store.id, customer=customer.id, external_id="1042").where(
        Order.id == order.id
    ).execute()
    StoreOrder.insert(order=order.id, store=store.id, external_id="1042", number="1042", version=1, snapshot={},
                      snapshot_sha256="0").execute()  # fmt: skip
    make_settlement(vendor, order_reference=order.order_reference)
    make_settlement(make_vendor(name="Other House"))
    for filters, is_one in ((f"account=vendor_payable:{vendor.id}", True), ("orderReference=1042", True),
                            ("account=vendor_payable:999", False), ("account=Owed to vendors", False)):  # fmt: skip
        page = text_of(as_admin.get(f"{JOURNAL}?{filters}"))
        assert ("Owed to vendors · Other House" not in page) is is_one, filters
        assert ("No entry names this account" in page) is not is_one, filters
        file = as_admin.get(f"{JOURNAL}.csv?{filters}")
        assert file.status_code == (200 if is_one else 422), filters
        if is_one:
            assert {row["order_reference"] for row in csv_rows(file)} == {order.order_reference}


def test_query_count_does_not_grow_with_accounts(as_admin: Visitor, caplog: pytest.LogCaptureFixture) -> None:
    def count_queries() -> int:
        caplog.clear()
        with caplog.at_level(logging.DEBUG, logger="peewee"):
            assert as_admin.get(JOURNAL).status_code == 200
        return sum(record.name == "peewee" for record in caplog.records)

    make_settlement(make_vendor())
    count_queries()
    expected = count_queries()
    for _ in range(8):
        make_settlement(make_vendor())
    assert count_queries() == expected
