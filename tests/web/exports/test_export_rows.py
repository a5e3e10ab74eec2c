"""Values in the columns of ledger exports."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from models import (
    CreditEntry,
    Customer,
    PaymentEvent,
    Refcode,
    User,
)
from tests.factories import (
    make_order,
    make_reward,
    make_settlement,
    make_store,
    make_vendor,
    make_visits,
)
from tests.web.exports.ledger_files import (
    UNSAFE_TEXT,
    csv_rows,
    export_rows,
    export_url,
    make_callback,
    make_debit,
    xlsx_rows,
)
from tests.web.visitor import Visitor


def test_settlements_contain_every_part_of_the_breakdown(as_admin: Visitor) -> None:
    expected = make_settlement(make_vendor(name=UNSAFE_TEXT), 123_400)
    (row,) = export_rows(as_admin, "settlements")
    assert (row["amount_minor"], row["amount"], row["net_payout"]) == ("123400", "1234.00", "925.50")
    assert (row["platform_commission"], row["referral_effective_percent"]) == ("246.80", "5")
    assert (row["vendor"], row["order_reference"]) == (f"'{UNSAFE_TEXT}", expected.order_reference)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00", row["scheduled_for"])
    assert (row["simulated"], row["custom_splits"]) == ("false", "0")


def test_settlements_name_the_store_and_the_number_of_their_order_there(
    as_admin: Visitor, owner: User
) -> None:
    store = make_store(name="=Shop")
    customer = Customer.create(store=store.id, key="c1")
    order = make_order(owner, store=store.id, customer=customer.id, external_id="+1042")
    make_settlement(make_vendor(), order_reference=order.order_reference)
    make_settlement(make_vendor())
    imported, reported = export_rows(as_admin, "settlements")
    assert (reported["store"], reported["external_id"]) == ("'=Shop", "'+1042")
    assert (imported["store"], imported["external_id"]) == ("", "")


def test_refund_is_negative_in_both_formats(as_admin: Visitor) -> None:
    make_settlement(make_vendor(), -50_000, kind="refund")
    (row,) = export_rows(as_admin, "settlements")
    assert (row["kind"], row["amount_minor"], row["amount"]) == ("refund", "-50000", "-500.00")
    (row,) = xlsx_rows(as_admin.get(export_url("settlements", "xlsx")))
    assert (row["amount_minor"], row["amount"]) == (-50_000, "-500.00")


def test_malformed_breakdown_is_exported(as_admin: Visitor) -> None:
    breakdown = {"platformCommission": "=1+1", "customSplits": [{"amount": "some"}]}
    make_settlement(make_vendor(), metadata={"commissionBreakdown": breakdown})
    (row,) = export_rows(as_admin, "settlements")
    assert (row["platform_commission"], row["referral_commission"], row["custom_splits"]) == ("'=1+1", "", "")


def test_settlements_are_filtered(as_admin: Visitor) -> None:
    vendor = make_vendor()
    make_settlement(vendor)
    make_settlement(vendor, status="held", failure_reason="x")
    make_settlement(make_vendor(), status="held", failure_reason="x")
    rows = export_rows(as_admin, "settlements", f"?status=held&vendor={vendor.id}")
    assert [(row["status"], row["vendor_id"]) for row in rows] == [("held", str(vendor.id))]
    assert as_admin.get(f"{export_url('settlements', 'xlsx')}?since=soon").status_code == 422


def test_reward_queue_is_filtered(as_admin: Visitor, other: User) -> None:
    expected = make_reward(other)
    make_reward(other, "rejected")
    (row,) = export_rows(as_admin, "reward-queue")
    assert (row["id"], row["reward_amount_wei"], row["reward_amount"]) == (
        str(expected.id),
        "12500000000000000000",
        "12.5",
    )
    assert csv_rows(as_admin.get(export_url("reward-queue")))[0]["reward_percent"] == "5.000000"
    assert export_rows(as_admin, "reward-queue", "?code=nothing1") == []
    assert as_admin.get(f"{export_url('reward-queue')}?status=nonsense").status_code == 400
    assert as_admin.get(f"{export_url('reward-queue')}?wallet=0x1").status_code == 422
    assert len(export_rows(as_admin, "rewards")) == 2


def test_debits_are_summed_per_reward(as_admin: Visitor, as_owner: Visitor, owner: User) -> None:
    reward = make_reward(owner, "minted")
    for _ in range(2):
        make_debit(reward)
    assert export_rows(as_owner, "my-rewards")[0]["debited"] == "1"
    assert export_rows(as_admin, "rewards")[0]["debited_wei"] == str(10**18)


def test_referrer_ledger_omits_buyer_and_admin(as_owner: Visitor, owner: User, other: User) -> None:
    make_reward(owner, referee_user_id=other.id)
    (row,) = export_rows(as_owner, "my-rewards")
    assert not {"referee_user_id", "approved_by", "order_id"} & set(row)


def test_spent_credit_is_negative(as_owner: Visitor, owner: User) -> None:
    CreditEntry.insert(user_id=owner.id, amount_minor=-1_050, currency="UAH", reason="purchase").execute()
    (row,) = export_rows(as_owner, "my-credit")
    assert (row["amount_minor"], row["amount"]) == ("-1050", "-10.50")


def test_callback_contains_only_reported_status_and_amount(as_admin: Visitor) -> None:
    PaymentEvent.insert(provider="wayforpay", authentic=False, outcome="refused", payload="no JSON").execute()
    make_callback("store_1_1")
    parsed, unparsed = export_rows(as_admin, "callbacks")
    assert (parsed["transaction_status"], parsed["told_amount"], parsed["told_currency"]) == (
        "'=Approved",
        "10.50",
        "UAH",
    )
    assert (unparsed["transaction_status"], unparsed["authentic"]) == ("", "false")


def test_visits_contain_the_code_owner(as_admin: Visitor, code: Refcode) -> None:
    make_visits(code, {0: 7})
    (row,) = export_rows(as_admin, "visits")
    assert (row["code"], row["owner_user_id"], row["visits"]) == (code.code, str(code.owner_user_id), "7")
    assert row["day"] == f"{datetime.now(UTC):%Y-%m-%d}"
