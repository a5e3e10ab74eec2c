"""Undo from the success message: it restores the previous value and never overwrites a newer change."""

from __future__ import annotations

import re
from decimal import Decimal
from html import unescape

import pytest
from werkzeug.test import TestResponse

from models import PlatformConfig, Product, Refcode, Settlement, User
from portal.flows.accounts.switch_code import block_code
from tests.factories import make_product, make_reward, make_settlement, make_vendor
from tests.web.pages import text_of
from tests.web.visitor import Visitor

LEDGER = "/admin/store/commissions"
RATES = f"{LEDGER}/rates"


def undo_form(response: TestResponse) -> tuple[str, dict[str, str]]:
    """Return the action and the fields of the undo form, without the CSRF token."""
    form = response.text.split('id="undo"')[0].rsplit("<form ", 1)[1]
    inputs = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', form)
    action = re.search(r'action="([^"]+)"', form)
    assert action
    return action[1], {name: unescape(value) for name, value in inputs if name != "csrf_token"}


def submit_undo(visitor: Visitor, page: str, url: str) -> TestResponse:
    """Submit the undo form of the page."""
    response = visitor.get(page)
    assert 'id="undo"' in response.text
    action, fields = undo_form(response)
    assert action == url
    return visitor.submit(url, dict(fields))


def state(settlement: Settlement) -> tuple[str, str | None]:
    row = Settlement.get_by_id(settlement.id)
    return row.status, row.failure_reason


def test_hold_is_undone(as_admin: Visitor) -> None:
    row = make_settlement(make_vendor())
    filtered = f"{LEDGER}?status=pending"
    as_admin.submit(f"{LEDGER}/{row.id}/hold", {"reason": "odd", "next": filtered})
    assert state(row) == ("held", "odd")
    response = submit_undo(as_admin, filtered, f"{LEDGER}/{row.id}/release")
    assert (response.status_code, response.location) == (303, filtered)
    assert state(row) == ("pending", None)


def test_undone_release_restores_the_hold_reason(as_admin: Visitor) -> None:
    row = make_settlement(make_vendor(), status="held", failure_reason="Ask the vendor")
    as_admin.submit(f"{LEDGER}/{row.id}/release", {"reason": "fine"})
    assert submit_undo(as_admin, LEDGER, f"{LEDGER}/{row.id}/hold").status_code == 303
    assert state(row) == ("held", "Ask the vendor")


def test_hold_of_a_failed_settlement_offers_no_undo(as_admin: Visitor) -> None:
    row = make_settlement(make_vendor(), status="failed", failure_reason="payout_wallet_missing")
    as_admin.submit(f"{LEDGER}/{row.id}/hold", {"reason": "odd"})
    response = as_admin.get(LEDGER)
    assert "The settlement is held." in text_of(response)
    assert 'id="undo"' not in response.text


def test_repeated_undo_changes_nothing(as_admin: Visitor) -> None:
    row = make_settlement(make_vendor())
    as_admin.submit(f"{LEDGER}/{row.id}/hold", {"reason": "odd"})
    url = f"{LEDGER}/{row.id}/release"
    assert submit_undo(as_admin, LEDGER, url).status_code == 303
    assert as_admin.submit(url, {"reason": "again"}).status_code == 409
    assert state(row) == ("pending", None)


@pytest.mark.parametrize("before", [None, Decimal(0), Decimal("7.25")])
def test_product_rate_is_restored(as_admin: Visitor, before: Decimal | None) -> None:
    product = make_product(referral_percent=before)
    url = f"{RATES}/products/{product.id}"
    as_admin.submit(url, {"percent": "9"})
    assert Product.get_by_id(product.id).referral_percent == 9
    assert submit_undo(as_admin, RATES, url).status_code == 303
    assert Product.get_by_id(product.id).referral_percent == before


def test_rate_changed_by_another_admin_is_not_overwritten(as_admin: Visitor) -> None:
    product = make_product(referral_percent=Decimal(5))
    url = f"{RATES}/products/{product.id}"
    as_admin.submit(url, {"percent": "9"})
    as_admin.submit(url, {"percent": "11"})
    response = as_admin.submit(url, {"percent": "5", "instead_of": "9"})
    assert response.status_code == 409
    assert "Someone else changed this percent in the meantime." in text_of(response)
    assert Product.get_by_id(product.id).referral_percent == 11


@pytest.mark.parametrize("before", [None, Decimal("4.5")])
def test_platform_default_is_restored(as_admin: Visitor, before: Decimal | None) -> None:
    PlatformConfig.update(referral_percent=before).execute()
    url = f"{RATES}/default"
    as_admin.submit(url, {"platform_percent": "6"})
    assert submit_undo(as_admin, RATES, url).status_code == 303
    assert PlatformConfig.get().referral_percent == before
    late = as_admin.submit(url, {"platform_percent": "6", "instead_of": "7"})
    assert late.status_code == 409
    assert PlatformConfig.get().referral_percent == before


def test_code_activation_and_deactivation_are_undone(as_admin: Visitor, code: Refcode) -> None:
    page = f"/admin/refcodes/codes/{code.code}"
    as_admin.submit(f"{page}/active", {"active": "0", "reason": "Self-referral"})
    submit_undo(as_admin, page, f"{page}/active")
    assert Refcode.get_by_id(code.code).active
    as_admin.submit(f"{page}/active", {"active": "0", "reason": "Once more"})
    as_admin.submit(f"{page}/active", {"active": "1"})
    submit_undo(as_admin, page, f"{page}/active")
    assert not Refcode.get_by_id(code.code).active
    assert "Once more" in text_of(as_admin.get(page))


def test_code_deactivated_by_its_owner_offers_no_undo(as_admin: Visitor, code: Refcode, admin: User) -> None:
    Refcode.update(active=False).where(Refcode.code == code.code).execute()
    page = f"/admin/refcodes/codes/{code.code}"
    as_admin.submit(f"{page}/active", {"active": "0", "reason": "Self-referral"})
    assert 'id="undo"' not in as_admin.get(page).text
    assert block_code(code.code, "again", admin.id) is False


def test_refused_bulk_decision_keeps_the_selection(as_admin: Visitor, other: User) -> None:
    rewards = [make_reward(other) for _ in range(3)]
    response = as_admin.submit(
        "/admin/refcodes/decide", {"decision": "reject", "reason": " ", "ids": [rewards[0].id, rewards[2].id]}
    )
    assert response.status_code == 422
    assert 'href="#bulk-reason"' in response.text
    assert 'id="bulk-reason-error"' in response.text
    for reward, selected in zip(rewards, (True, False, True), strict=True):
        box = response.text.split(f'name="ids" value="{reward.id}"')[1].split(">")[0]
        assert (" checked" in box) is selected
