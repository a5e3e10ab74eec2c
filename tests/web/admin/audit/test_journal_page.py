"""`/admin/journal`: balances, transfers and account names."""

from __future__ import annotations

import logging

import pytest

from models import Refcode
from tests.factories import make_reward, make_settlement, make_vendor
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
