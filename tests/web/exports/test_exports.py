"""Ledgers as files: who may read which rows, filters, exact numbers, nothing a spreadsheet would run."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from openpyxl import load_workbook
from openpyxl.utils.escape import unescape
from werkzeug.test import TestResponse

from models import (
    CreditEntry,
    PaymentEvent,
    PaymentRefund,
    Payout,
    PayoutBatch,
    PayoutItem,
    Refcode,
    ReferralReward,
    RewardDebit,
    Settlement,
    User,
    Vendor,
)
from portal.web.exports import LEDGERS, xlsx_file
from portal.web.exports.ledger import Ledger
from tests.factories import (
    give_credit,
    make_admin,
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
from tests.web.conftest import visitor
from tests.web.pages import text_of
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


# ---------------------------------------------------------------------- rows of every ledger


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


@pytest.mark.parametrize("name", ENTRIES)
def test_a_ledger_holds_what_its_reader_may_see(
    app: Flask, owner: User, seller: User, admin: User, name: str
) -> None:
    batch = fill(owner, seller)
    reader = visitor(app, {"admin": admin, "vendor": seller, "signed_in": owner}[ENTRIES[name].audience])
    rows = both(reader, name, "?status=minted" if name == "reward-queue" else "", batch)
    assert len(rows) == SEEN[name]
    assert list(rows[0]) == [column.name for column in ENTRIES[name].columns]
    texts = [text for row in rows for text in row.values()]
    assert not [text for text in texts if text[:1] in "=+@\t\r" and text]
    assert all(re.fullmatch(r"-[\d.]+", text) for text in texts if text.startswith("-"))
    assert not [text for text in texts if re.search(r"5977|5ec7e7|buyer@|form-key", text)]


@pytest.mark.parametrize("name", ENTRIES)
@pytest.mark.parametrize("form", FORMS)
def test_nobody_else_gets_it(
    app: Flask, owner: User, seller: User, admin: User, name: str, form: str
) -> None:
    batch = fill(owner, seller)
    path, audience = address(name, form, batch), ENTRIES[name].audience
    assert visitor(app).get(path).status_code == 303
    for person in (owner, seller, admin):
        allowed = audience in ("signed_in", person.role)
        answer = visitor(app, person).get(path)
        assert answer.status_code == (200 if allowed else 403), person.role
        answer.close()
    assert visitor(app, admin).post(path).status_code == 405


@pytest.mark.parametrize("name", sorted(set(ENTRIES) - {"payout-batch"}))
def test_an_empty_ledger_is_its_header(app: Flask, owner: User, seller: User, admin: User, name: str) -> None:
    reader = visitor(app, {"admin": admin, "vendor": seller, "signed_in": owner}[ENTRIES[name].audience])
    header = ",".join(column.name for column in ENTRIES[name].columns) + "\r\n"
    assert reader.get(address(name)).text == header
    answer = reader.get(address(name, "xlsx"))
    sheet = load_workbook(io.BytesIO(answer.data)).active
    answer.close()
    assert [[cell.value for cell in row] for row in sheet.iter_rows()] == [header.strip().split(",")]


@pytest.mark.parametrize("name", sorted(set(ENTRIES) - {"payout-batch", "settlements", "reward-queue"}))
def test_a_period_holds_for_it(app: Flask, owner: User, seller: User, admin: User, name: str) -> None:
    fill(owner, seller)
    reader = visitor(app, {"admin": admin, "vendor": seller, "signed_in": owner}[ENTRIES[name].audience])
    today = datetime.now(UTC).date()
    since, later = today - timedelta(days=2), today + timedelta(days=2)
    assert len(both(reader, name, f"?since={since}&until={later}")) == SEEN[name]
    assert both(reader, name, f"?since={later}") == []
    assert both(reader, name, f"?until={today - timedelta(days=3)}") == []
    refused = reader.get(f"{address(name)}?since=soon")
    assert refused.status_code == 422
    assert "Enter a date such as 2026-11-21." in text_of(refused)


def test_names_are_stable_and_of_one_form() -> None:
    for ledger in LEDGERS:
        names = [column.name for column in ledger.columns]
        assert len(set(names)) == len(names), ledger.name
        assert all(re.fullmatch(r"[a-z][a-z_]*", name) for name in names), ledger.name
        assert re.fullmatch(r"[a-z-]{1,31}", ledger.name)
    assert len(ENTRIES) == len(LEDGERS) == len(SEEN)


def test_a_file_is_named_after_ledger_and_day(app: Flask, owner: User, seller: User, admin: User) -> None:
    batch = fill(owner, seller)
    reader, day = visitor(app, admin), f"{datetime.now(UTC):%Y-%m-%d}"
    for form in FORMS:
        for name, title in (("settlements", "settlements"), ("payout-batch", f"payout-batch-{batch}")):
            answer = reader.get(address(name, form, batch))
            assert answer.headers["Content-Disposition"] == f'attachment; filename="{title}-{day}.{form}"'
            assert answer.headers["Cache-Control"] == "no-store"
            answer.close()
    assert reader.get(address("payout-batch", batch_id=batch + 99)).status_code == 404


# ---------------------------------------------------------------------- what rows say


def test_the_settlements_say_every_part(as_admin: Visitor) -> None:
    made = make_settlement(make_vendor(name=NASTY), 123_400)
    (row,) = both(as_admin, "settlements")
    assert (row["amount_minor"], row["amount"], row["net_payout"]) == ("123400", "1234.00", "925.50")
    assert (row["platform_commission"], row["referral_effective_percent"]) == ("246.80", "5")
    assert (row["vendor"], row["order_reference"]) == (f"'{NASTY}", made.order_reference)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00", row["scheduled_for"])
    assert (row["simulated"], row["custom_splits"]) == ("false", "0")


def test_a_refund_is_a_negative_number_in_both(as_admin: Visitor) -> None:
    make_settlement(make_vendor(), -50_000, kind="refund")
    (row,) = both(as_admin, "settlements")
    assert (row["kind"], row["amount_minor"], row["amount"]) == ("refund", "-50000", "-500.00")
    (row,) = xlsx_rows(as_admin.get(address("settlements", "xlsx")))
    assert (row["amount_minor"], row["amount"]) == (-50_000, "-500.00")


def test_a_breakdown_brought_over_from_elsewhere_stops_no_file(as_admin: Visitor) -> None:
    odd = {"platformCommission": "=1+1", "customSplits": [{"amount": "some"}]}
    make_settlement(make_vendor(), metadata={"commissionBreakdown": odd})
    (row,) = both(as_admin, "settlements")
    assert (row["platform_commission"], row["referral_commission"], row["custom_splits"]) == ("'=1+1", "", "")


def test_the_settlements_filters_hold(as_admin: Visitor) -> None:
    vendor = make_vendor()
    make_settlement(vendor)
    make_settlement(vendor, status="held", failure_reason="x")
    make_settlement(make_vendor(), status="held", failure_reason="x")
    rows = both(as_admin, "settlements", f"?status=held&vendor={vendor.id}")
    assert [(row["status"], row["vendor_id"]) for row in rows] == [("held", str(vendor.id))]
    assert as_admin.get(f"{address('settlements', 'xlsx')}?since=soon").status_code == 422


def test_the_queues_filters_hold(as_admin: Visitor, other: User) -> None:
    made = make_reward(other)
    make_reward(other, "rejected")
    (row,) = both(as_admin, "reward-queue")
    assert (row["id"], row["reward_amount_wei"], row["reward_amount"]) == (
        str(made.id),
        "12500000000000000000",
        "12.5",
    )
    assert csv_rows(as_admin.get(address("reward-queue")))[0]["reward_percent"] == "5.000000"
    assert both(as_admin, "reward-queue", "?code=nothing1") == []
    assert as_admin.get(f"{address('reward-queue')}?status=nonsense").status_code == 400
    assert as_admin.get(f"{address('reward-queue')}?wallet=0x1").status_code == 422
    assert len(both(as_admin, "rewards")) == 2


def test_a_debit_shows_beside_its_reward(as_admin: Visitor, as_owner: Visitor, owner: User) -> None:
    reward = make_reward(owner, "minted")
    for _ in range(2):
        _owe(reward)
    assert both(as_owner, "my-rewards")[0]["debited"] == "1"
    assert both(as_admin, "rewards")[0]["debited_wei"] == str(10**18)


def test_the_referrer_learns_nothing_of_buyer_and_admin(as_owner: Visitor, owner: User, other: User) -> None:
    make_reward(owner, referee_user_id=other.id)
    (row,) = both(as_owner, "my-rewards")
    assert not {"referee_user_id", "approved_by", "order_id"} & set(row)


def test_spent_credit_is_negative(as_owner: Visitor, owner: User) -> None:
    CreditEntry.insert(user_id=owner.id, amount_minor=-1_050, currency="UAH", reason="purchase").execute()
    (row,) = both(as_owner, "my-credit")
    assert (row["amount_minor"], row["amount"]) == ("-1050", "-10.50")


def test_a_callback_says_what_was_told_and_no_more(as_admin: Visitor) -> None:
    PaymentEvent.insert(provider="wayforpay", authentic=False, outcome="refused", payload="no JSON").execute()
    _hear("store_1_1")
    told, unread = both(as_admin, "callbacks")
    assert (told["transaction_status"], told["told_amount"], told["told_currency"]) == (
        "'=Approved",
        "10.50",
        "UAH",
    )
    assert (unread["transaction_status"], unread["authentic"]) == ("", "false")


def test_visits_have_their_codes_owner(as_admin: Visitor, code: Refcode) -> None:
    make_visits(code, {0: 7})
    (row,) = both(as_admin, "visits")
    assert (row["code"], row["owner_user_id"], row["visits"]) == (code.code, str(code.owner_user_id), "7")
    assert row["day"] == f"{datetime.now(UTC):%Y-%m-%d}"


# ---------------------------------------------------------------------- exact, and nothing runs


def test_no_digit_is_lost(as_admin: Visitor, other: User) -> None:
    wei, price = 10**40 + 1, Decimal("0.123456789012345678")
    make_reward(other, reward_amount_wei=wei, token_price_usd=price, usd_value=Decimal("1234567890.12345"))
    (row,) = both(as_admin, "reward-queue")
    assert row["reward_amount_wei"] == str(wei)
    assert row["reward_amount"] == "10000000000000000000000.000000000000000001"
    (row,) = xlsx_rows(as_admin.get(address("reward-queue", "xlsx")))
    assert (row["token_price_usd"], row["usd_value"]) == ("0.123456789012345678", 1234567890.12345)
    assert (row["order_total_minor"], row["order_total"]) == (100_000, "1000.00")


@pytest.mark.parametrize(
    ("value", "fits"),
    [
        (2**53, True),
        (2**53 + 1, False),
        (-(2**53), True),
        (-(2**53) - 1, False),
        (Decimal("0.000000000123456789012345"), True),
        (Decimal("1.2345678901234567"), False),
        (Decimal("12000000000000000000"), True),
        (Decimal("1.0000000000000000000000000000000001"), False),
        (Decimal(0), True),
    ],
)
def test_a_number_is_written_where_every_digit_survives(value: int | Decimal, fits: bool) -> None:
    assert xlsx_file._fits_double(value) is fits


@pytest.mark.parametrize(
    "name",
    [
        "=1+1", "+1", "-1", "@x", "\tx", "\rx", "＝1+1", "<r><t>x</t></r>", "<r>&</r>", "a & <b>", "{=1}",
        "https://example.com", "007", "1e5", "_x0041_", "line\nbreak", "\x01\x1f", " spaces ", "Їжак 🦔", "NaN",
    ],
)  # fmt: skip
def test_a_name_stays_a_text(as_admin: Visitor, name: str) -> None:
    make_settlement(make_vendor(name=name))
    (row,) = csv.DictReader(io.StringIO(as_admin.get(address("settlements")).text, newline=""))
    escaped = f"'{name}" if name.startswith(("=", "+", "-", "@", "\t", "\r", "＝")) else name
    assert row["vendor"] == escaped
    (row,) = xlsx_rows(as_admin.get(address("settlements", "xlsx")))
    assert unescape(row["vendor"]) == (f"'{name}" if name.startswith("<r>") else escaped)


# ---------------------------------------------------------------------- pages


def test_the_ledgers_page_lists_what_an_admin_downloads(as_admin: Visitor) -> None:
    page = as_admin.get("/admin/ledgers?since=2026-01-02&until=2026-01-03")
    for ledger in LEDGERS:
        for form in FORMS:
            link = f'href="{ledger.address}.{form}?since=2026-01-02&amp;until=2026-01-03"'
            assert (link in page.text) is bool(ledger.words), (ledger.name, form)
    assert 'href="/admin/ledgers"' in as_admin.get("/admin/audit").text


def test_a_wrong_day_is_told_and_carried_nowhere(as_admin: Visitor) -> None:
    page = as_admin.get("/admin/ledgers?since=soon&until=2026-01-03")
    assert "Enter a date such as 2026-11-21." in text_of(page)
    assert not re.search(r"\.csv[^\"]*soon", page.text)
    assert "payments.csv?until=2026-01-03" in page.text


def test_the_ledgers_page_is_the_admins(as_owner: Visitor, as_seller: Visitor, client: Visitor) -> None:
    assert as_owner.get("/admin/ledgers").status_code == as_seller.get("/admin/ledgers").status_code == 403
    assert client.get("/admin/ledgers").status_code == 303


PAGES: list[tuple[str, str, list[str]]] = [
    ("admin", "/admin/store/commissions?status=held", ["/admin/store/commissions.{}?status=held"]),
    ("admin", "/admin/refcodes?code=x", ["/admin/refcodes.{}?status=pending_approval&amp;code=x"]),
    ("admin", "/admin/store/commissions/batches", ["/admin/store/commissions/batches.{}"]),
    ("vendor", "/vendor/earnings", ["/vendor/earnings.{}", "/vendor/earnings/payouts.{}"]),
    ("owner", "/refcodes", ["/refcodes.{}"]),
    ("owner", "/uk/orders", ["/uk/orders.{}", "/uk/orders/payments.{}", "/uk/orders/credit.{}"]),
]


@pytest.mark.parametrize(("who", "path", "links"), PAGES)
def test_a_page_offers_its_ledger(
    app: Flask, owner: User, seller: User, admin: User, who: str, path: str, links: list[str]
) -> None:
    fill(owner, seller)
    browser = visitor(app, {"admin": admin, "vendor": seller, "owner": owner}[who])
    page = browser.get(path).text
    for link in links:
        for form in FORMS:
            assert f'href="{link.format(form)}"' in page
            answer = browser.get(link.format(form).replace("&amp;", "&"))
            assert answer.status_code == 200
            answer.close()


def test_a_batch_offers_its_rows(as_admin: Visitor, owner: User, seller: User) -> None:
    batch = fill(owner, seller)
    page = as_admin.get(f"/admin/store/commissions/batches/{batch}").text
    assert f'href="/admin/store/commissions/batches/{batch}.xlsx"' in page


# ---------------------------------------------------------------------- what a new ledger needs


def test_a_ledger_is_one_entry(make_app: Callable[..., Flask]) -> None:
    """What stands in the list has its route in both forms, with its access."""
    app = make_app()
    rules = {rule.endpoint: rule.rule for rule in app.url_map.iter_rules()}
    for ledger in LEDGERS:
        assert isinstance(ledger, Ledger)
        assert rules[f"exports.{ledger.name}"] == ledger.address + ".<any(csv,xlsx):form>"
        assert app.view_functions[f"exports.{ledger.name}"].access.audience == ledger.audience
    assert visitor(app, make_admin()).get("/admin/ledgers/payments.ods").status_code == 404


def test_the_documentation_lists_every_ledger_and_column() -> None:
    told = (Path(__file__).parents[3] / "docs" / "exports.md").read_text()
    for ledger in LEDGERS:
        columns = ", ".join(column.name for column in ledger.columns)
        readers = ledger.audience.replace("_", " ")
        assert f"| `{ledger.name}` | `{ledger.address}` | {readers} | {columns} |" in told, ledger.name
