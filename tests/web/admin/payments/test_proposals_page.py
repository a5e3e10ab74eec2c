"""`/admin/payments/proposals` and `/admin/payments/failing`: what waits for a second admin, and what was set aside."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest
from flask import Flask

from models import FailingItem, MerchantConfig, Proposal, User
from portal.db import set_aside
from portal.payments import credit_balance, store_callback
from tests.factories import make_admin, make_settlement, make_vendor
from tests.web.conftest import MakeApp, visitor
from tests.web.pages import text_of
from tests.web.visitor import Visitor

PAGE, FAILING = "/admin/payments/proposals", "/admin/payments/failing"
WALLET = "0x" + "ab" * 20


@pytest.fixture
def app(make_app: MakeApp) -> Flask:
    return make_app(referral_second_approval_usd=Decimal(100))


@pytest.fixture
def as_second(app: Flask) -> Visitor:
    return visitor(app, make_admin(name="Second"))


def add_credit(as_admin: Visitor, person: User) -> Proposal:
    form = {"account": person.email, "amount": "500", "currency": "USD", "reason": "Gift", "creditKey": "key"}
    answer = as_admin.submit("/admin/credit", form)
    assert "A second admin has to confirm this amount" in text_of(as_admin.get(answer.location))
    return Proposal.get()


def test_a_second_admin_confirms(as_admin: Visitor, as_second: Visitor, owner: User) -> None:
    proposal = add_credit(as_admin, owner)
    own = text_of(as_admin.get(PAGE))
    assert "Another admin must confirm it" in own
    text = text_of(as_second.get(PAGE))
    assert all(each in text for each in ("Olena Owner", "$500.00", "Gift", "Admin Adminenko", "Confirm"))
    refused = as_admin.submit(f"{PAGE}/{proposal.id}/confirm")
    assert (refused.status_code, credit_balance(owner.id, "USD")) == (403, 0)
    assert as_second.submit(f"{PAGE}/{proposal.id}/confirm").status_code == 303
    assert credit_balance(owner.id, "USD") == 50_000
    assert as_second.submit(f"{PAGE}/{proposal.id}/confirm").status_code == 409
    assert "Decided by Second" in text_of(as_second.get(f"{PAGE}?status=confirmed"))
    assert as_second.submit(f"{PAGE}/999999/confirm").status_code == 404


def test_declining_needs_a_reason_that_stays(as_admin: Visitor, as_second: Visitor, owner: User) -> None:
    proposal = add_credit(as_admin, owner)
    refused = as_second.submit(f"{PAGE}/{proposal.id}/decline", {"reason": " "})
    assert refused.status_code == 422
    assert f'id="reason-{proposal.id}-error"' in refused.text
    assert as_second.submit(f"{PAGE}/{proposal.id}/decline", {"reason": "Too much"}).status_code == 303
    assert "Too much" in text_of(as_second.get(f"{PAGE}?status=all"))
    assert "Nothing is waiting for a second admin" in text_of(as_second.get(PAGE))


def test_own_account_is_refused_at_the_field(as_admin: Visitor, admin: User) -> None:
    form = {"account": admin.email, "amount": "1", "currency": "USD", "reason": "Gift", "creditKey": "key"}
    answer = as_admin.submit("/admin/credit", form)
    assert (answer.status_code, 'id="account-error"' in answer.text) == (403, True)


def test_a_new_payout_wallet_waits(as_admin: Visitor, as_second: Visitor) -> None:
    vendor = make_vendor(name="Honey")
    make_settlement(vendor, 10_000_000)
    url = f"/admin/store/commissions/vendors/{vendor.id}"
    form = {"payout_frequency": "WEEKLY", "hold_days": "3", "payout_wallet": WALLET}
    assert as_admin.submit(url, form).status_code == 303
    assert "A new payout wallet is waiting for a second admin" in text_of(as_admin.get(url))
    assert as_admin.submit(url, {**form, "payout_wallet": "0x" + "cd" * 20}).status_code == 409
    assert "Honey" in text_of(as_second.get(PAGE))
    as_second.submit(f"{PAGE}/{Proposal.get().id}/confirm")
    assert MerchantConfig.get(MerchantConfig.vendor == vendor.id).payout_wallet == WALLET


def test_failing_items_are_listed_with_their_reason_and_retried(as_admin: Visitor) -> None:
    assert "Nothing is set aside" in text_of(as_admin.get(FAILING))
    event_id = store_callback("wayforpay", "{", authentic=True, order_reference=None, fingerprint=None)
    set_aside("callbacks", event_id, "CallbackMalformed: the body is no JSON object")
    set_aside("a queue of a later version", "x" * 300, "?")
    page = as_admin.get(FAILING)
    assert "the body is no JSON object" in text_of(page)
    assert as_admin.get(f"/admin/payments/inbox/{event_id}").status_code == 200
    assert as_admin.get("/admin/payments/inbox?outcome=waiting").status_code == 200
    before = FailingItem.get(FailingItem.queue == "callbacks").next_attempt_at
    as_admin.submit(f"{FAILING}/retry", {"queue": "callbacks", "item": str(event_id)})
    assert FailingItem.get(FailingItem.queue == "callbacks").next_attempt_at < before
    assert "no longer set aside" in text_of(as_admin.submit(f"{FAILING}/retry", follow_redirects=True))
    for page_number in ("-1", "x", "99999999999999999999", "3"):
        assert as_admin.get(f"{FAILING}?page={page_number}").status_code == 200


@pytest.mark.parametrize("make", [lambda: "?status=x", lambda: "?before=-1", lambda: f"?before={2**70}"])
def test_odd_arguments_show_a_page(as_admin: Visitor, make: Callable[[], str]) -> None:
    assert as_admin.get(PAGE + make()).status_code == 200


def test_empty_list_of_all_proposals_has_no_filter_to_clear(as_admin: Visitor) -> None:
    text = text_of(as_admin.get("/admin/payments/proposals?status=all"))
    assert "No proposals yet" in text
    assert "Clear the filter" not in text


def test_only_admin_learns_that_nobody_can_confirm(as_admin: Visitor) -> None:
    assert "You are the only admin" in text_of(as_admin.get(PAGE))
    make_admin(name="Second")
    assert "You are the only admin" not in text_of(as_admin.get(PAGE))
