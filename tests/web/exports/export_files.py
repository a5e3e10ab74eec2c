"""Files of every ledger, and rows to fill them with."""

from __future__ import annotations

import csv
import io
from decimal import Decimal
from typing import Any

from openpyxl import load_workbook
from openpyxl.utils.escape import unescape
from werkzeug.test import TestResponse

from models import (
    PaymentEvent,
    PaymentRefund,
    Payout,
    PayoutBatch,
    PayoutItem,
    ReferralReward,
    RewardDebit,
    Settlement,
    User,
    Vendor,
)
from portal.web.exports import LEDGERS
from tests.factories import (
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
ENTRIES = {ledger.name: ledger for ledger in LEDGERS}
NASTY = "=cmd|' /C calc'!A0 Їжак 🦔"
FORMS = ("csv", "xlsx")


def address(name: str, form: str = "csv", batch_id: int = 1) -> str:
    return ENTRIES[name].address.replace("<int:batch_id>", str(batch_id)) + f".{form}"


def csv_rows(answer: TestResponse) -> list[dict[str, str]]:
    assert (answer.status_code, answer.mimetype) == (200, "text/csv")
    return list(csv.DictReader(io.StringIO(answer.text)))


def xlsx_rows(answer: TestResponse) -> list[dict[str, Any]]:
    assert (answer.status_code, answer.mimetype) == (200, XLSX)
    assert answer.content_length == len(answer.data)
    answer.close()
    header, *rows = load_workbook(io.BytesIO(answer.data)).active.iter_rows()
    assert all(cell.data_type != "f" for row in rows for cell in row)
    return [
        dict(zip((cell.value for cell in header), (cell.value for cell in row), strict=True)) for row in rows
    ]


def both(browser: Visitor, name: str, query: str = "", batch_id: int = 1) -> list[dict[str, str]]:
    """Return a ledger's rows; the two files say the same."""
    told = csv_rows(browser.get(address(name, "csv", batch_id) + query))
    sheet = xlsx_rows(browser.get(address(name, "xlsx", batch_id) + query))
    assert len(sheet) == len(told)
    for row, line in zip(sheet, told, strict=True):
        assert {column for column in line if not _is_same(row[column], line[column])} == set()
    return told


def _is_same(value: Any, text: str) -> bool:
    """Tell whether a cell of the sheet holds what the line says; a number may have lost its last zeros."""
    if isinstance(value, bool):
        return text == ("true" if value else "false")
    if isinstance(value, int | float):
        return Decimal(repr(value)) == Decimal(text)
    return text == ("" if value is None else unescape(value))


def fill(owner: User, seller: User) -> int:
    """Let every ledger have rows of the owner and the seller, and of somebody else; return a batch of the seller's."""
    stranger = make_user("Stranger")
    mine = Vendor.get(Vendor.user == seller.id)
    Vendor.update(name=NASTY).where(Vendor.id == mine.id).execute()
    batch = 0
    for person, vendor in ((owner, mine), (stranger, make_vendor())):
        code = make_code(person)
        make_visits(code, {0: 3, 1: 2})
        settled = make_settlement(vendor, 123_400)
        make_assist(settled, code)
        refund = make_settlement(vendor, -123_400, kind="refund", order_reference=settled.order_reference)
        batch = batch or _pay(vendor, [settled, refund])
        order = make_order(person, [(make_product(vendor, name="@SUM(A1)"), 1)], paid=True)
        make_payment(order, "paid")
        give_credit(person, 500)
        reward = make_reward(code, "minted")
        _refuse_refund(order.order_reference)
        _hear(order.order_reference)
        _owe(reward)
    another = Vendor.get(Vendor.id != mine.id)
    _pay(another, list(Settlement.select().where(Settlement.vendor == another.id)))
    return batch


def _pay(vendor: Vendor, rows: list[Settlement]) -> int:
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


def _refuse_refund(reference: str) -> None:
    PaymentRefund.insert(
        order_reference=reference, amount_minor=100, currency="UAH", source="admin", status="refused",
        request_id="form-key-1" + reference, reason=NASTY,
    ).execute()  # fmt: skip


def _hear(reference: str) -> None:
    PaymentEvent.insert(
        provider="wayforpay", order_reference=reference, authentic=True, outcome="applied",
        payload='{"orderReference": "r", "amount": 10.50, "currency": "UAH", "transactionStatus": "=Approved",'
        ' "cardPan": "51****5977", "merchantSignature": "5ec7e7", "email": "buyer@example.com"}',
    ).execute()  # fmt: skip


def _owe(reward: ReferralReward) -> None:
    RewardDebit.insert(
        reward_id=reward.id, referrer_user_id=reward.referrer_user_id, amount_wei=5 * 10**17,
        reason="refunded", order_reference=reward.order_reference,
    ).execute()  # fmt: skip


# How many rows of `fill` a person of the ledger's audience sees.
SEEN = {
    "settlements": 4, "my-settlements": 2, "payouts": 2, "payout-batch": 2, "my-payouts": 1, "sales-assists": 2,
    "reward-queue": 2, "rewards": 2, "my-rewards": 1, "reward-debits": 2, "visits": 4, "payments": 2,
    "payment-refunds": 2, "callbacks": 2, "credit-entries": 2, "stock-movements": 2, "my-orders": 1,
    "my-payments": 1, "my-credit": 1, "journal": 22,
}  # fmt: skip
