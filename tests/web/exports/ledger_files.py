"""Rows for every ledger, and readers of the exported files."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from openpyxl import load_workbook
from openpyxl.utils.escape import unescape
from werkzeug.test import TestResponse

from models import (
    JobRun,
    PaymentEvent,
    PaymentRefund,
    Payout,
    PayoutBatch,
    PayoutItem,
    ProgrammeApplication,
    ProgrammeTerms,
    ReferralReward,
    RewardDebit,
    Settlement,
    User,
    Vendor,
)
from portal.commissions import open_statement
from portal.programme.bonus_operations import add_campaign, add_referrer_bonus
from portal.web.exports import LEDGERS
from tests.factories import (
    ACTOR,
    give_credit,
    make_assist,
    make_code,
    make_order,
    make_payment,
    make_product,
    make_reward,
    make_settlement,
    make_user,
    make_vendor,
    make_visits,
)
from tests.web.visitor import Visitor

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
LEDGERS_BY_NAME = {ledger.name: ledger for ledger in LEDGERS}
UNSAFE_TEXT = "=cmd|' /C calc'!A0 Їжак 🦔"
FORMS = ("csv", "xlsx")


def export_url(name: str, form: str = "csv", batch_id: int = 1) -> str:
    address = LEDGERS_BY_NAME[name].address.replace("<int:statement_id>", "1")
    return address.replace("<int:batch_id>", str(batch_id)) + f".{form}"


def csv_rows(response: TestResponse) -> list[dict[str, str]]:
    assert (response.status_code, response.mimetype) == (200, "text/csv")
    return list(csv.DictReader(io.StringIO(response.text)))


def xlsx_rows(response: TestResponse) -> list[dict[str, Any]]:
    assert (response.status_code, response.mimetype) == (200, XLSX)
    assert response.content_length == len(response.data)
    response.close()
    header, *rows = load_workbook(io.BytesIO(response.data)).active.iter_rows()
    assert all(cell.data_type != "f" for row in rows for cell in row)
    return [
        dict(zip((cell.value for cell in header), (cell.value for cell in row), strict=True)) for row in rows
    ]


def export_rows(browser: Visitor, name: str, query: str = "", batch_id: int = 1) -> list[dict[str, str]]:
    """Return the rows of a ledger; both files must contain the same values."""
    rows = csv_rows(browser.get(export_url(name, "csv", batch_id) + query))
    sheet = xlsx_rows(browser.get(export_url(name, "xlsx", batch_id) + query))
    assert len(sheet) == len(rows)
    for row, line in zip(sheet, rows, strict=True):
        assert {column for column in line if not _is_equal(row[column], line[column])} == set()
    return rows


def _is_equal(value: Any, text: str) -> bool:
    """Return whether a cell equals the CSV text; a number may lack trailing zeros."""
    if isinstance(value, bool):
        return text == ("true" if value else "false")
    if isinstance(value, int | float):
        return Decimal(repr(value)) == Decimal(text)
    return text == ("" if value is None else unescape(value))


def fill_ledgers(owner: User, seller: User) -> int:
    """Create rows in every ledger for the owner, the seller and other users; return a payout batch of the seller."""
    other = make_user("Other")
    own_vendor = Vendor.get(Vendor.user == seller.id)
    Vendor.update(name=UNSAFE_TEXT).where(Vendor.id == own_vendor.id).execute()
    batch = 0
    for user, vendor in ((owner, own_vendor), (other, make_vendor())):
        code = make_code(user)
        make_visits(code, {0: 3, 1: 2})
        settled = make_settlement(vendor, 123_400)
        make_assist(settled, code)
        refund = make_settlement(vendor, -123_400, kind="refund", order_reference=settled.order_reference)
        batch = batch or _make_payout(vendor, [settled, refund])
        _make_statement(vendor)
        order = make_order(user, [(make_product(vendor, name="@SUM(A1)"), 1)], paid=True)
        make_payment(order, "paid")
        give_credit(user, 500)
        reward = make_reward(code, "minted")
        _make_refused_refund(order.order_reference)
        make_callback(order.order_reference)
        make_debit(reward)
    add_campaign(UNSAFE_TEXT, Decimal(1), None, datetime.now(UTC) + timedelta(days=1), ACTOR)
    add_referrer_bonus(owner.id, Decimal(1), None, None, ACTOR)
    ProgrammeApplication.insert(user=owner.id, note=UNSAFE_TEXT).execute()
    ProgrammeTerms.insert(texts={"en": UNSAFE_TEXT}).execute()
    finished = {"every_seconds": 5, "process": "host:1", "finished_at": datetime.now(UTC), "duration_ms": 20}
    JobRun.insert(job="send_letters", outcome="succeeded", **finished).execute()
    JobRun.insert(job="ask_stores", outcome="failed", error=UNSAFE_TEXT, **finished).execute()
    other_vendor = Vendor.get(Vendor.id != own_vendor.id)
    _make_payout(other_vendor, list(Settlement.select().where(Settlement.vendor == other_vendor.id)))
    return batch


def _make_payout(vendor: Vendor, rows: list[Settlement]) -> int:
    batch: int = PayoutBatch.insert(status="completed", mode="simulated", totals={}).execute()
    net = {"net_minor": 92_550, "reserve_minor": 2_550, "released_minor": 0, "amount_minor": 90_000}
    payout = Payout.insert(
        batch=batch, vendor=vendor.id, currency="UAH", reserve_percent=0, status="completed",
        transaction_id=f"sim_{batch}", **net,
    ).execute()  # fmt: skip
    for row in rows:
        PayoutItem.insert(
            payout=payout, settlement=row.id, net_minor=row.net_payout_minor, live=True
        ).execute()
    return batch


def _make_statement(vendor: Vendor) -> None:
    """Open a statement of one sale; that of the first vendor has the id 1."""
    make_settlement(vendor, 10_000, collected_by="store")
    utc_later = datetime.now(UTC) + timedelta(seconds=1)
    open_statement(vendor.id, "UAH", utc_later, ZoneInfo("UTC"), ACTOR, is_monthly=False)


def _make_refused_refund(reference: str) -> None:
    PaymentRefund.insert(
        order_reference=reference, amount_minor=100, currency="UAH", source="admin", status="refused",
        request_id="form-key-1" + reference, reason=UNSAFE_TEXT,
    ).execute()  # fmt: skip


def make_callback(reference: str) -> None:
    PaymentEvent.insert(
        provider="wayforpay", order_reference=reference, authentic=True, outcome="applied",
        payload='{"orderReference": "r", "amount": 10.50, "currency": "UAH", "transactionStatus": "=Approved",'
        ' "cardPan": "51****5977", "merchantSignature": "5ec7e7", "email": "buyer@example.com"}',
    ).execute()  # fmt: skip


def make_debit(reward: ReferralReward) -> None:
    RewardDebit.insert(
        reward_id=reward.id, referrer_user_id=reward.referrer_user_id, amount_wei=5 * 10**17,
        reason="refunded", order_reference=reward.order_reference,
    ).execute()  # fmt: skip


# Number of rows of `fill_ledgers` that a reader of the ledger sees.
VISIBLE_ROWS = {
    "settlements": 6, "my-settlements": 3, "payouts": 2, "payout-batch": 2, "my-payouts": 1, "sales-assists": 2,
    "reward-queue": 2, "rewards": 2, "my-rewards": 1, "reward-debits": 2, "visits": 4, "payments": 2,
    "payment-refunds": 2, "callbacks": 2, "credit-entries": 2, "stock-movements": 2, "my-orders": 1, "my-sales": 1,
    "my-payments": 1, "my-credit": 1, "journal": 26, "commission-statements": 2, "commission-statement": 1,
    "my-commission-statements": 1, "my-commission-statement": 1, "orders": 2, "people": 4, "referrers": 2,
    "vendors": 2, "events": 8, "products": 2, "my-products": 1, "job-runs": 2,
    "programme-versions": 1, "programme-campaigns": 1, "referrer-bonuses": 1, "programme-terms": 1,
    "programme-applications": 1,
}  # fmt: skip
