"""Ledgers as CSV: all rows, the page's filters, exact numbers, nothing a spreadsheet would run."""

from __future__ import annotations

import csv
import io

import pytest
from werkzeug.test import TestResponse

from models import User, Vendor
from portal.web.exports import CHUNK, cell_text
from tests.factories import make_reward, make_settlement, make_vendor
from tests.web.visitor import Visitor

LEDGER = "/admin/store/commissions.csv"


def rows_of(answer: TestResponse) -> list[dict[str, str]]:
    assert answer.status_code == 200
    assert answer.mimetype == "text/csv"
    assert "attachment" in answer.headers["Content-Disposition"]
    return list(csv.DictReader(io.StringIO(answer.text)))


def test_the_ledger_as_a_file(as_admin: Visitor) -> None:
    made = make_settlement(make_vendor(name="=cmd|' /C calc'!A0"), 123_400)
    (row,) = rows_of(as_admin.get(LEDGER))
    assert (row["amountMinor"], row["amount"], row["netPayout"]) == ("123400", "1234.00", "925.50")
    assert (row["platformCommission"], row["referralEffectivePercent"]) == ("246.80", "5")
    assert row["vendor"] == "'=cmd|' /C calc'!A0"
    assert row["orderReference"] == made.order_reference
    assert row["scheduledFor"].endswith("+00:00")
    assert row["simulated"] == "false"


def test_filters_hold_for_the_file(as_admin: Visitor) -> None:
    vendor = make_vendor()
    make_settlement(vendor)
    make_settlement(vendor, status="held", failure_reason="x")
    assert [row["status"] for row in rows_of(as_admin.get(f"{LEDGER}?status=held"))] == ["held"]


def test_a_file_is_longer_than_a_page(as_admin: Visitor) -> None:
    vendor = make_vendor()
    for _ in range(CHUNK + 3):
        make_settlement(vendor, 100)
    ids = [int(row["id"]) for row in rows_of(as_admin.get(LEDGER))]
    assert len(ids) == len(set(ids)) == CHUNK + 3


def test_a_vendor_gets_the_own_rows_only(as_seller: Visitor, seller: User, client: Visitor) -> None:
    mine = make_settlement(Vendor.get(Vendor.user == seller.id))
    make_settlement(make_vendor())
    assert [row["id"] for row in rows_of(as_seller.get("/vendor/earnings.csv"))] == [str(mine.id)]
    assert as_seller.get(LEDGER).status_code == 403
    assert client.get("/vendor/earnings.csv").status_code == 303


def test_rewards_as_a_file_respect_the_queues_filters(as_admin: Visitor, other: User) -> None:
    made = make_reward(other)
    make_reward(other, "rejected")
    (row,) = rows_of(as_admin.get("/admin/refcodes.csv"))
    assert (row["id"], row["rewardAmountWei"], row["rewardAmount"]) == (
        str(made.id),
        "12500000000000000000",
        "12.5",
    )
    assert (row["rewardPercent"], row["status"]) == ("5.000000", "pending_approval")
    assert rows_of(as_admin.get("/admin/refcodes.csv?code=nothing1")) == []
    assert as_admin.get("/admin/refcodes.csv?status=nonsense").status_code == 400


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\tx", "\rx"])
def test_formulas_are_texts(text: str) -> None:
    assert cell_text(text) == f"'{text}"
    assert cell_text(-1) == "-1"
    assert cell_text(f"a{text}") == f"a{text}"
