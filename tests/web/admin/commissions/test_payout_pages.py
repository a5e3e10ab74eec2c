"""Processing due payouts: the review, the batch, decisions about rows, reserves given back."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from models import EventLog, Payout, PayoutBatch, ReserveRelease, Settlement, User, Vendor
from portal.cli.payouts import payouts
from portal.commissions.payouts import fail_payout, finish_batch
from portal.db import connection
from portal.flows.payouts.pay_settlements import run_payouts
from tests.factories import ACTOR, make_settlement, make_vendor
from tests.flows.conftest import settings_with
from tests.web.conftest import MakeApp, visitor
from tests.web.pages import form_fields, text_of
from tests.web.visitor import Visitor

LEDGER = "/admin/store/commissions"
REVIEW = f"{LEDGER}/payouts"
BATCHES = f"{LEDGER}/batches"


def due(vendor: Vendor | None = None, amount: int = 100_000, **values: Any) -> Settlement:
    past = datetime.now(UTC) - timedelta(days=1)
    return make_settlement(vendor or make_vendor(), amount, **{"scheduled_for": past, **values})


def status_of(settlement: Settlement) -> str:
    return str(Settlement.get_by_id(settlement.id).status)


def failed(reason: str = "payout_wallet_missing") -> tuple[Settlement, PayoutBatch]:
    """Make a settlement that a batch failed to pay."""
    row = due()
    with connection():
        run_payouts(settings_with(), ACTOR)
        Payout.update(status="processing", transaction_id=None).execute()
        Settlement.update(status="processing").execute()
        fail_payout(Payout.get().id, reason, ACTOR)
        PayoutBatch.update(status="processing").execute()
        finish_batch(PayoutBatch.get().id, ACTOR)
    return row, PayoutBatch.get()


# ---------------------------------------------------------------------- review and run


def test_the_review_says_what_is_paid_what_is_left_out_and_why(as_admin: Visitor) -> None:
    due(make_vendor(name="Tea House", config_reserve_percent=Decimal(10)))
    due(make_vendor(name="Too Little", config_minimum_payout_minor=10**9))
    for locale in ("en", "uk", "ru"):
        assert as_admin.get(f"/{locale}{REVIEW}").status_code == 200
    told = text_of(as_admin.get(f"/en{REVIEW}"))
    for expected in ("Tea House", "750.00", "75.00", "675.00", "Too Little", "minimum payout", "Simulated"):
        assert expected in told, expected


def test_paying_what_the_review_showed(as_admin: Visitor, admin: User) -> None:
    row = due()
    fields = form_fields(as_admin.get(REVIEW), REVIEW)
    data = {name: values[0] for name, values in fields.items()}
    answer = as_admin.submit(REVIEW, data)
    batch = PayoutBatch.get()
    assert (answer.status_code, answer.location) == (303, f"{BATCHES}/{batch.id}")
    assert status_of(row) == "completed"
    assert batch.created_by == admin.id
    page = text_of(as_admin.get(f"{BATCHES}/{batch.id}"))
    for expected in ("Paid out", "Simulated", row.order_reference, "750.00", "sim_"):
        assert expected in page, expected
    again = as_admin.submit(REVIEW, data)
    assert again.location == answer.location
    assert PayoutBatch.select().count() == 1


def test_a_review_that_is_out_of_date_pays_nothing(as_admin: Visitor) -> None:
    first = due()
    data = {name: values[0] for name, values in form_fields(as_admin.get(REVIEW), REVIEW).items()}
    due()
    answer = as_admin.submit(REVIEW, data)
    assert answer.status_code == 409
    assert "check them again" in text_of(answer)
    assert status_of(first) == "pending"


def test_nothing_due(as_admin: Visitor) -> None:
    assert "Nothing is due" in text_of(as_admin.get(REVIEW))
    assert as_admin.submit(REVIEW, {"idempotency_key": "x"}).location == REVIEW
    assert not PayoutBatch.select().exists()


def test_on_chain_without_a_treasury_pays_nothing_and_says_so(make_app: MakeApp, admin: User) -> None:
    row = due()
    browser = visitor(make_app(settlement_payout_mode="onchain"), admin)
    page = browser.get(REVIEW)
    assert "treasury" in text_of(page)
    assert "Pay 1 payout" not in text_of(page)
    assert browser.submit(REVIEW, {"idempotency_key": "k"}).status_code == 503
    assert status_of(row) == "pending"


def test_pages_are_the_admins(client: Visitor, as_owner: Visitor, as_seller: Visitor) -> None:
    for url in (
        REVIEW,
        BATCHES,
        f"{LEDGER}/rates",
        f"{LEDGER}/vendors",
        f"{LEDGER}.csv",
        "/admin/refcodes.csv",
    ):
        assert client.get(url).status_code == 303
        assert as_owner.get(url).status_code == 403
        assert as_seller.get(url).status_code == 403
    row = due()
    for url in (REVIEW, f"{LEDGER}/{row.id}/hold"):
        assert as_seller.submit(url, {"reason": "x"}).status_code == 403
    assert status_of(row) == "pending"


def test_what_moves_money_asks_for_the_token_and_refuses_get(as_admin: Visitor) -> None:
    row = due()
    assert as_admin.post(REVIEW).status_code == 400
    assert status_of(row) == "pending"
    for verb in ("hold", "release", "retry"):
        assert as_admin.get(f"{LEDGER}/{row.id}/{verb}").status_code == 405
        assert as_admin.post(f"{LEDGER}/{row.id}/{verb}").status_code == 400


@pytest.mark.parametrize("url", [f"{BATCHES}/7", f"{BATCHES}/{2**70}", f"{LEDGER}/vendors/7"])
def test_what_does_not_exist(as_admin: Visitor, url: str) -> None:
    assert as_admin.get(url).status_code == 404


def test_batches_are_paged(as_admin: Visitor) -> None:
    for _ in range(27):
        PayoutBatch.insert(mode="simulated", status="completed").execute()
    page = as_admin.get(BATCHES)
    assert page.text.count('<tr id="batch-') == 25
    before = page.text.split("before=")[1].split('"')[0]
    assert as_admin.get(f"{BATCHES}?before={before}").text.count('<tr id="batch-') == 2
    PayoutBatch.delete().execute()


# ---------------------------------------------------------------------- rows


def test_holding_and_releasing_a_row(as_admin: Visitor, admin: User) -> None:
    row = due()
    back = f"{LEDGER}?status=pending"
    answer = as_admin.submit(f"{LEDGER}/{row.id}/hold", {"reason": "odd buyer", "next": back})
    assert answer.location == back
    assert status_of(row) == "held"
    assert "odd buyer" in text_of(as_admin.get(LEDGER))
    assert as_admin.submit(f"{LEDGER}/{row.id}/hold", {"reason": "again"}).status_code == 409
    assert as_admin.submit(f"{LEDGER}/{row.id}/release", {"reason": "fine"}).location == LEDGER
    assert status_of(row) == "pending"
    event = EventLog.select().where(EventLog.event == "settlement_held").get()
    assert (event.actor_user_id, event.reason) == (admin.id, "odd buyer")


def test_a_decision_without_a_reason_names_its_field(as_admin: Visitor) -> None:
    row = due()
    answer = as_admin.submit(f"{LEDGER}/{row.id}/hold", {"reason": "  "})
    assert answer.status_code == 422
    assert f'href="#reason-{row.id}"' in answer.text
    assert f'id="reason-{row.id}"' in answer.text
    assert status_of(row) == "pending"


def test_it_leads_back_to_this_site_only(as_admin: Visitor) -> None:
    row = due()
    answer = as_admin.submit(f"{LEDGER}/{row.id}/hold", {"reason": "x", "next": "//evil.example"})
    assert answer.location == LEDGER


@pytest.mark.parametrize("verb", ["hold", "release", "retry"])
def test_an_unknown_settlement(as_admin: Visitor, verb: str) -> None:
    for number in (7, 2**70):
        assert as_admin.submit(f"{LEDGER}/{number}/{verb}", {"reason": "x"}).status_code == 404


def test_what_failed_says_why_and_is_retried(as_admin: Visitor) -> None:
    row, batch = failed()
    assert batch.status == "failed"
    assert "no payout wallet" in text_of(as_admin.get(LEDGER))
    page = as_admin.get(f"{BATCHES}/{batch.id}")
    assert "Retry 1 failed" in text_of(page)
    assert as_admin.submit(f"{BATCHES}/{batch.id}/retry").location == f"{BATCHES}/{batch.id}"
    assert status_of(row) == "pending"
    assert "Retry 1 failed" not in text_of(as_admin.get(f"{BATCHES}/{batch.id}"))


def test_one_failed_row_is_retried(as_admin: Visitor) -> None:
    row, _batch = failed()
    assert as_admin.submit(f"{LEDGER}/{row.id}/retry").status_code == 303
    assert status_of(row) == "pending"
    assert as_admin.submit(f"{LEDGER}/{row.id}/retry").status_code == 409


# ---------------------------------------------------------------------- the ledger


def test_the_header_splits_what_is_pending_and_what_is_paid(as_admin: Visitor) -> None:
    vendor = make_vendor(config_minimum_payout_minor=10**9)
    due(vendor)
    due()
    make_settlement(vendor)
    make_settlement(vendor, status="held", failure_reason="commission_exceeds_subtotal")
    make_settlement(vendor, status="completed", transaction_id="x")
    page = text_of(as_admin.get(LEDGER))
    assert re.search(r"Due 750\.00 UAH 1 settlement Waiting 1,500\.00 UAH 2 settlements Held 750\.00", page)
    for expected in ("The payout date has not come yet", "below the minimum payout", "exceed the sale"):
        assert expected in page, expected
    assert "not processed by this version" not in page


def test_filters_live_in_the_address(as_admin: Visitor) -> None:
    tea, map_shop = make_vendor(name="Tea"), make_vendor(name="Maps")
    made = due(tea)
    due(map_shop, currency="USD")
    make_settlement(map_shop, status="held", failure_reason="x")

    def found(**wanted: object) -> int:
        page = as_admin.get(LEDGER, query_string=wanted)
        assert page.status_code == 200
        return page.text.count('<tr id="settlement-')

    today = datetime.now(UTC).date()
    assert found(status="held") == 1
    assert found(vendor=map_shop.id) == 2
    assert found(vendor=map_shop.id, currency="USD") == 1
    assert found(orderReference=made.order_reference) == 1
    assert found(since=str(today + timedelta(days=2))) == 0
    assert found(until=str(today + timedelta(days=2))) == 3
    assert found(status="nonsense", vendor="x", currency="") == 3
    odd = as_admin.get(LEDGER, query_string={"since": "yesterday"})
    assert 'href="#since"' in odd.text


# ---------------------------------------------------------------------- reserves


def test_a_reserve_is_given_back_once(as_admin: Visitor) -> None:
    vendor = make_vendor(config_reserve_percent=Decimal(10))
    due(vendor)
    as_admin.submit(REVIEW, {"idempotency_key": "a"})
    page = as_admin.get(BATCHES)
    assert "75.00" in text_of(page)
    action = f"{LEDGER}/vendors/{vendor.id}/reserve"
    data = {name: values[0] for name, values in form_fields(page, action).items()}
    for _ in range(2):
        assert as_admin.submit(action, {**data, "amount": "25", "reason": "good"}).location == BATCHES
    assert [release.amount_minor for release in ReserveRelease.select()] == [2_500]
    for wrong, field in (("amount", "amount"), ("reason", "reason")):
        answer = as_admin.submit(action, {"currency": "UAH", "amount": "1", "reason": "x", wrong: ""})
        assert answer.status_code == 422
        assert f'href="#{field}-{vendor.id}-UAH"' in answer.text
    assert as_admin.submit(action, {"currency": "UAH", "amount": "900", "reason": "x"}).status_code == 422


# ---------------------------------------------------------------------- the command


def test_the_command_pays_what_is_due_and_says_so(make_app: MakeApp) -> None:
    app = make_app()
    row = due()
    with app.app_context():
        told = app.test_cli_runner().invoke(payouts, ["run"])
        again = app.test_cli_runner().invoke(payouts, ["run"])
    assert told.exit_code == 0, told.output
    assert "1 payouts completed" in told.output
    assert status_of(row) == "completed"
    assert "Nothing is due" in again.output


def test_the_command_says_why_payouts_wait(make_app: MakeApp) -> None:
    app = make_app(settlement_payout_mode="onchain")
    due()
    with app.app_context():
        told = app.test_cli_runner().invoke(payouts, ["run"])
    assert told.exit_code == 1
    assert "not_configured" in told.output
