"""Rows of exported ledgers: filters, exact numbers, and nothing that a spreadsheet would run."""

from __future__ import annotations

import csv
import io
import re
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from openpyxl.utils.escape import unescape

from models import (
    CreditEntry,
    PaymentEvent,
    Refcode,
    User,
)
from portal.web.exports import xlsx_file
from tests.factories import (
    make_reward,
    make_settlement,
    make_vendor,
    make_visits,
)
from tests.web.exports.export_files import (
    NASTY,
    _hear,
    _owe,
    address,
    both,
    csv_rows,
    xlsx_rows,
)
from tests.web.visitor import Visitor

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
