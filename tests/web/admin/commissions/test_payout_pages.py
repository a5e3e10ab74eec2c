"""Payout pages: review, batches, decisions about settlements, reserve releases and the command."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from models import EventLog, Payout, PayoutBatch, ReserveRelease, Settlement, User, Vendor
from portal.cli.payouts import payouts
from portal.commissions import vendor_pages
from portal.commissions.payouts import fail_payout, finish_batch
from portal.db import connection, query
from portal.flows.payouts.pay_settlements import run_payouts
from tests.factories import ACTOR, make_settlement, make_vendor
from tests.flows.conftest import settings_with
from tests.web.conftest import MakeApp, visitor
from tests.web.pages import form_fields, text_of
from tests.web.visitor import Visitor

LEDGER = "/admin/store/commissions"
REVIEW = f"{LEDGER}/payouts"
BATCHES = f"{LEDGER}/batches"


def due_settlement(vendor: Vendor | None = None, amount: int = 100_000, **values: Any) -> Settlement:
    past = datetime.now(UTC) - timedelta(days=1)
    return make_settlement(vendor or make_vendor(), amount, **{"scheduled_for": past, **values})


def status_of(settlement: Settlement) -> str:
    return str(Settlement.get_by_id(settlement.id).status)


def failed_settlement(reason: str = "payout_wallet_missing") -> tuple[Settlement, PayoutBatch]:
    """Return a settlement that a batch failed to pay, with the batch."""
    row = due_settlement()
    with connection():
        run_payouts(settings_with(), ACTOR)
        Payout.update(status="processing", transaction_id=None).execute()
        Settlement.update(status="processing").execute()
        fail_payout(Payout.get().id, reason, ACTOR)
        PayoutBatch.update(status="processing").execute()
        finish_batch(PayoutBatch.get().id, ACTOR)
    return row, PayoutBatch.get()


# ---------------------------------------------------------------------- review and run


def test_review_shows_paid_and_skipped_vendors_with_reasons(as_admin: Visitor) -> None:
    due_settlement(make_vendor(name="Tea House", config_reserve_percent=Decimal(10)))
    due_settlement(make_vendor(name="Too Little", config_minimum_payout_minor=10**9))
    for locale in ("en", "uk", "ru"):
        assert as_admin.get(f"/{locale}{REVIEW}").status_code == 200
    text = text_of(as_admin.get(f"/en{REVIEW}"))
    for expected in ("Tea House", "750.00", "75.00", "675.00", "Too Little", "minimum payout", "Simulated"):
        assert expected in text, expected


def test_submitted_review_pays_the_batch_once(as_admin: Visitor, admin: User) -> None:
    row = due_settlement()
    fields = form_fields(as_admin.get(REVIEW), REVIEW)
    data = {name: values[0] for name, values in fields.items()}
    response = as_admin.submit(REVIEW, data)
    batch = PayoutBatch.get()
    assert (response.status_code, response.location) == (303, f"{BATCHES}/{batch.id}")
    assert status_of(row) == "completed"
    assert batch.created_by == admin.id
    page = text_of(as_admin.get(f"{BATCHES}/{batch.id}"))
    for expected in ("Paid out", "Simulated", row.order_reference, "750.00", "sim_"):
        assert expected in page, expected
    repeated = as_admin.submit(REVIEW, data)
    assert repeated.location == response.location
    assert PayoutBatch.select().count() == 1


def test_outdated_review_pays_nothing(as_admin: Visitor) -> None:
    first = due_settlement()
    data = {name: values[0] for name, values in form_fields(as_admin.get(REVIEW), REVIEW).items()}
    due_settlement()
    response = as_admin.submit(REVIEW, data)
    assert response.status_code == 409
    assert "check them again" in text_of(response)
    assert status_of(first) == "pending"


def test_review_without_due_settlements_creates_no_batch(as_admin: Visitor) -> None:
    assert "Nothing is due" in text_of(as_admin.get(REVIEW))
    assert as_admin.submit(REVIEW, {"idempotency_key": "x"}).location == REVIEW
    assert not PayoutBatch.select().exists()


def test_onchain_mode_without_treasury_pays_nothing(make_app: MakeApp, admin: User) -> None:
    row = due_settlement()
    browser = visitor(make_app(settlement_payout_mode="onchain"), admin)
    page = browser.get(REVIEW)
    assert "its contract" in text_of(page)
    assert "Pay 1 payout" not in text_of(page)
    assert browser.submit(REVIEW, {"idempotency_key": "k"}).status_code == 503
    assert status_of(row) == "pending"


def test_pages_require_an_admin(client: Visitor, as_owner: Visitor, as_seller: Visitor) -> None:
    for url in (
        REVIEW,
        BATCHES,
        f"{LEDGER}/rates",
        "/admin/vendors",
        f"{LEDGER}.csv",
        "/admin/refcodes.csv",
    ):
        assert client.get(url).status_code == 303
        assert as_owner.get(url).status_code == 403
        assert as_seller.get(url).status_code == 403
    row = due_settlement()
    for url in (REVIEW, f"{LEDGER}/{row.id}/hold"):
        assert as_seller.submit(url, {"reason": "x"}).status_code == 403
    assert status_of(row) == "pending"


def test_payout_actions_require_csrf_token_and_post(as_admin: Visitor) -> None:
    row = due_settlement()
    assert as_admin.post(REVIEW).status_code == 400
    assert status_of(row) == "pending"
    for verb in ("hold", "release", "retry"):
        # Without a script the link of a row leads to a page that asks for the reason.
        assert as_admin.get(f"{LEDGER}/{row.id}/{verb}").status_code == (405 if verb == "retry" else 200)
        assert as_admin.post(f"{LEDGER}/{row.id}/{verb}").status_code == 400


@pytest.mark.parametrize("url", [f"{BATCHES}/7", f"{BATCHES}/{2**70}", f"{LEDGER}/vendors/7"])
def test_unknown_pages_are_not_found(as_admin: Visitor, url: str) -> None:
    assert as_admin.get(url).status_code == 404


# ---------------------------------------------------------------------- settlements


def test_settlement_is_held_and_released(as_admin: Visitor, admin: User) -> None:
    row = due_settlement()
    back = f"{LEDGER}?status=pending"
    response = as_admin.submit(f"{LEDGER}/{row.id}/hold", {"reason": "suspicious buyer", "next": back})
    assert response.location == back
    assert status_of(row) == "held"
    assert "suspicious buyer" in text_of(as_admin.get(LEDGER))
    assert as_admin.submit(f"{LEDGER}/{row.id}/hold", {"reason": "again"}).status_code == 409
    assert as_admin.submit(f"{LEDGER}/{row.id}/release", {"reason": "fine"}).location == LEDGER
    assert status_of(row) == "pending"
    event = EventLog.select().where(EventLog.event == "settlement_held").get()
    assert (event.actor_user_id, event.reason) == (admin.id, "suspicious buyer")


def test_hold_without_a_reason_is_refused_at_its_field(as_admin: Visitor) -> None:
    row = due_settlement()
    response = as_admin.submit(f"{LEDGER}/{row.id}/hold", {"reason": "  "})
    assert response.status_code == 422
    assert 'href="#decision-reason"' in response.text
    assert f'action="{LEDGER}/{row.id}/hold"' in response.text
    assert status_of(row) == "pending"


def test_one_form_holds_every_settlement(as_admin: Visitor) -> None:
    rows = [due_settlement(), due_settlement()]
    page = as_admin.get(LEDGER).text
    assert page.count('id="decision-reason"') == 1
    assert all(f'href="{LEDGER}/{row.id}/hold"' in page for row in rows)


def test_reserves_and_owed_commissions_come_in_pages(
    as_admin: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vendor_pages, "SUMS_PAGE", 1)
    vendors = [make_vendor(name=name) for name in ("Beta", "Alpha|1", "Gamma")]
    for vendor in vendors:
        query(
            "INSERT INTO journal_account_balances (account, currency, balance) VALUES (%s, 'UAH', 700)",
            [f"vendor_reserve:{vendor.id}"],
        )
        query(
            "INSERT INTO settlement_totals (vendor_id, currency, collected_by, status, due_hour, reason, settlements,"
            " net_sum, commission_sum) VALUES (%s, 'UAH', 'store', 'pending', 'epoch', '', 1, 100, 25)",
            [vendor.id],
        )
    for url, cursor in ((BATCHES, "reserves"), ("/admin/statements", "owed")):
        names, page = [], as_admin.get(url)
        while True:
            names += re.findall(r'data-label="Vendor" translate="no">([^<]+)<', page.text)
            following = re.findall(rf'rel="next" href="([^"]*{cursor}=[^"]+)"', page.text)
            if not following:
                break
            page = as_admin.get(following[0].replace("&amp;", "&"))
        assert names == ["Alpha|1", "Beta", "Gamma"]
        found = as_admin.get(f"{url}?vendor={vendors[2].id}").text
        assert "Gamma" in found
        assert 'data-label="Vendor" translate="no">Beta<' not in found


def test_next_url_of_another_site_is_ignored(as_admin: Visitor) -> None:
    row = due_settlement()
    response = as_admin.submit(f"{LEDGER}/{row.id}/hold", {"reason": "x", "next": "//evil.example"})
    assert response.location == LEDGER


@pytest.mark.parametrize("verb", ["hold", "release", "retry"])
def test_unknown_settlement_is_not_found(as_admin: Visitor, verb: str) -> None:
    for number in (7, 2**70):
        assert as_admin.submit(f"{LEDGER}/{number}/{verb}", {"reason": "x"}).status_code == 404


def test_failed_batch_shows_reasons_and_is_retried(as_admin: Visitor) -> None:
    row, batch = failed_settlement()
    assert batch.status == "failed"
    assert "no payout wallet" in text_of(as_admin.get(LEDGER))
    page = as_admin.get(f"{BATCHES}/{batch.id}")
    assert "Retry 1 failed" in text_of(page)
    assert as_admin.submit(f"{BATCHES}/{batch.id}/retry").location == f"{BATCHES}/{batch.id}"
    assert status_of(row) == "pending"
    assert "Retry 1 failed" not in text_of(as_admin.get(f"{BATCHES}/{batch.id}"))


def test_single_failed_settlement_is_retried(as_admin: Visitor) -> None:
    row, _batch = failed_settlement()
    assert as_admin.submit(f"{LEDGER}/{row.id}/retry").status_code == 303
    assert status_of(row) == "pending"
    assert as_admin.submit(f"{LEDGER}/{row.id}/retry").status_code == 409


# ---------------------------------------------------------------------- the ledger


def test_totals_separate_due_waiting_and_held_amounts(as_admin: Visitor) -> None:
    vendor = make_vendor(config_minimum_payout_minor=10**9)
    due_settlement(vendor)
    due_settlement()
    make_settlement(vendor)
    make_settlement(vendor, status="held", failure_reason="commission_exceeds_subtotal")
    make_settlement(vendor, status="completed", transaction_id="x")
    page = text_of(as_admin.get(LEDGER))
    assert re.search(r"Due 750\.00 UAH 1 settlement Waiting 1,500\.00 UAH 2 settlements Held 750\.00", page)
    for expected in ("The payout date has not come yet", "below the minimum payout", "exceed the sale"):
        assert expected in page, expected
    assert "not processed by this version" not in page


def test_filters_come_from_the_url(as_admin: Visitor) -> None:
    tea, map_shop = make_vendor(name="Tea"), make_vendor(name="Maps")
    settlement = due_settlement(tea)
    due_settlement(map_shop, currency="USD")
    make_settlement(map_shop, status="held", failure_reason="x")

    def count_rows(**filters: object) -> int:
        page = as_admin.get(LEDGER, query_string=filters)
        assert page.status_code == 200
        return page.text.count('<tr id="settlement-')

    today = datetime.now(UTC).date()
    assert count_rows(status="held") == 1
    assert count_rows(vendor=map_shop.id) == 2
    assert count_rows(vendor=map_shop.id, currency="USD") == 1
    assert count_rows(orderReference=settlement.order_reference) == 1
    assert count_rows(since=str(today + timedelta(days=2))) == 0
    assert count_rows(until=str(today + timedelta(days=2))) == 3
    assert count_rows(status="nonsense", vendor="x", currency="") == 3
    invalid = as_admin.get(LEDGER, query_string={"since": "yesterday"})
    assert 'href="#since"' in invalid.text


# ---------------------------------------------------------------------- reserves


def test_reserve_is_released_once(as_admin: Visitor) -> None:
    vendor = make_vendor(config_reserve_percent=Decimal(10))
    due_settlement(vendor)
    as_admin.submit(REVIEW, {"idempotency_key": "a"})
    page = as_admin.get(BATCHES)
    assert "75.00" in text_of(page)
    action = f"{LEDGER}/vendors/{vendor.id}/reserve"
    data = {name: values[0] for name, values in form_fields(page, action).items()}
    for _ in range(2):
        assert as_admin.submit(action, {**data, "amount": "25", "reason": "good"}).location == BATCHES
    assert [release.amount_minor for release in ReserveRelease.select()] == [2_500]
    for field in ("amount", "reason"):
        response = as_admin.submit(action, {"currency": "UAH", "amount": "1", "reason": "x", field: ""})
        assert response.status_code == 422
        assert f'href="#{field}-{vendor.id}-UAH"' in response.text
    assert as_admin.submit(action, {"currency": "UAH", "amount": "900", "reason": "x"}).status_code == 422


# ---------------------------------------------------------------------- the command


def test_command_pays_due_settlements(make_app: MakeApp) -> None:
    app = make_app()
    row = due_settlement()
    with app.app_context():
        result = app.test_cli_runner().invoke(payouts, ["run"])
        repeated = app.test_cli_runner().invoke(payouts, ["run"])
    assert result.exit_code == 0, result.output
    assert "1 payouts completed" in result.output
    assert status_of(row) == "completed"
    assert "Nothing is due" in repeated.output


def test_command_reports_why_payouts_wait(make_app: MakeApp) -> None:
    app = make_app(settlement_payout_mode="onchain")
    due_settlement()
    with app.app_context():
        result = app.test_cli_runner().invoke(payouts, ["run"])
    assert result.exit_code == 1
    assert "not_configured" in result.output
