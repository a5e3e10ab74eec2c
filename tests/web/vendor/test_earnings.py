"""`/vendor/earnings`: a vendor's settlements, reserve and payouts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from models import MerchantConfig, User, Vendor
from portal.commissions import read_plan
from portal.commissions.queries import LEDGER_PAGE
from portal.db import connection
from portal.flows.payouts.pay_settlements import run_payouts
from tests.factories import ACTOR, make_settlement, make_user, make_vendor
from tests.flows.conftest import settings_with
from tests.web.pages import text_of
from tests.web.visitor import Visitor


def test_vendor_sees_only_own_settlements_with_breakdown(as_seller: Visitor, seller: User) -> None:
    own = make_settlement(Vendor.get(Vendor.user == seller.id), 200_000)
    foreign = make_settlement(make_vendor(name="Other vendor"))
    page = as_seller.get("/vendor/earnings")
    assert page.status_code == 200
    text = text_of(page)
    for expected in (own.order_reference, "2,000.00", "1,500.00", "400.00", "100.00", "Platform default"):
        assert expected in text, expected
    assert foreign.order_reference not in text
    assert "Other vendor" not in text


def test_totals_include_rows_beyond_the_first_page(as_seller: Visitor, seller: User) -> None:
    vendor = Vendor.get(Vendor.user == seller.id)
    for _ in range(53):
        make_settlement(vendor, 10_000)
    make_settlement(vendor, 10_000, "completed")
    page = as_seller.get("/vendor/earnings")
    assert "3,975.00" in text_of(page)
    assert page.text.count('<tr id="settlement-') == LEDGER_PAGE


def test_held_settlement_shows_its_reason(as_seller: Visitor, seller: User) -> None:
    make_settlement(
        Vendor.get(Vendor.user == seller.id), status="held", failure_reason="commission_exceeds_subtotal"
    )
    assert "exceed the sale" in text_of(as_seller.get("/vendor/earnings"))


def test_page_is_empty_without_sales_or_without_a_store(as_seller: Visitor, app, database) -> None:
    assert as_seller.get("/vendor/earnings").status_code == 200
    make_settlement(make_vendor())
    vendor_without_store = app.test_client().sign_in_as(make_user(role="vendor"))
    assert '<tr id="settlement-' not in vendor_without_store.get("/vendor/earnings").text


def test_totals_do_not_link_to_admin_pages(as_seller: Visitor, seller: User) -> None:
    make_settlement(Vendor.get(Vendor.user == seller.id))
    assert "/admin/" not in as_seller.get("/vendor/earnings").text


def test_payout_plan_of_a_vendor_excludes_other_vendors(as_seller: Visitor, seller: User) -> None:
    past = datetime.now(UTC) - timedelta(days=1)
    own = Vendor.get(Vendor.user == seller.id)
    make_settlement(own, scheduled_for=past)
    make_settlement(make_vendor(), scheduled_for=past)
    with connection():
        plan = read_plan(vendor_ids=[own.id])
    assert [payout.vendor_id for payout in plan.payouts] == [own.id]


def test_earnings_require_a_vendor(client: Visitor, as_owner: Visitor, as_admin: Visitor) -> None:
    assert client.get("/vendor/earnings").status_code == 303
    assert as_owner.get("/vendor/earnings").status_code == 403
    assert as_admin.get("/vendor/earnings").status_code == 403


def test_page_shows_schedule_reserve_netting_and_payouts(as_seller: Visitor, seller: User) -> None:
    vendor = Vendor.get(Vendor.user == seller.id)
    MerchantConfig.update(
        reserve_percent=10, hold_days=0, payout_frequency="DAILY", minimum_payout_minor=5_000
    ).where(MerchantConfig.vendor == vendor.id).execute()
    past = datetime.now(UTC) - timedelta(days=1)
    make_settlement(vendor, 100_000, scheduled_for=past)
    make_settlement(
        vendor, -10_000, kind="refund", commission_minor=0, net_payout_minor=-10_000, scheduled_for=past
    )
    with connection():
        run_payouts(settings_with(), ACTOR)
    make_settlement(vendor, 100, scheduled_for=past)
    text = text_of(as_seller.get("/vendor/earnings"))
    for expected in ("Every day at midnight", "0 days", "10%", "In reserve: 65.00 UAH", "650.00", "585.00",
                     "Refund", "Simulated", "Due but not paid yet"):  # fmt: skip
        assert expected in text.replace("\u00a0", " "), expected
