"""A form whose choice got lost is refused: it never does what its other button does. The field is named."""

from __future__ import annotations

import re

import pytest

from models import MintJob, Product, ProgrammeVersion, Refcode, ReferralReward, StoreKey, User, Vendor
from tests.factories import make_product, make_reward, make_store
from tests.web.pages import text_of
from tests.web.visitor import Visitor

LOST = [None, "", "true", "2", " ", "١", "on"]
"""Values of a choice that no button sends."""


def state() -> list[object]:
    """Return what the forms below could change."""
    rows: list[object] = [
        [(row.id, row.status) for row in ReferralReward.select().order_by(ReferralReward.id)],
        [(row.code, row.active) for row in Refcode.select().order_by(Refcode.code)],
        [(row.id, row.active) for row in Product.select().order_by(Product.id)],
        [(row.id, row.active) for row in Vendor.select().order_by(Vendor.id)],
    ]
    return [*rows, MintJob.select().count(), StoreKey.select().count(), ProgrammeVersion.select().count()]


@pytest.mark.parametrize("value", LOST)
def test_lost_choice_changes_nothing(
    as_admin: Visitor, as_other: Visitor, other: User, code: Refcode, value: str | None
) -> None:
    reward, product, store = make_reward(code), make_product(), make_store()
    make_reward(code, "approved")
    forms = [
        (as_admin, "/admin/refcodes/decide", "decision", {"ids": [reward.id], "reason": "a test"}),
        (as_admin, "/admin/refcodes/mint", "count", {}),
        (as_admin, f"/admin/refcodes/codes/{code.code}/active", "active", {"reason": "a test"}),
        (as_admin, f"/admin/vendors/{product.vendor_id}/active", "active", {}),
        (as_admin, f"/admin/products/{product.id}/sale", "on_sale", {}),
        (as_admin, f"/admin/stores/{store.id}/keys", "mode", {}),
        (as_admin, "/admin/programme/new", "action", {}),
        (as_other, f"/refcodes/{code.code}/active", "active", {}),
    ]
    before = state()
    for browser, url, name, data in forms:
        answer = browser.submit(url, data if value is None else {**data, name: value})
        if name == "count" and value == "2":
            continue
        assert answer.status_code in (400, 422), (url, answer.status_code)
        assert name == "action" or f"{name}: " in text_of(answer), url
    assert state()[:4] == before[:4]
    assert state()[5:] == before[5:]


def test_enter_in_the_field_of_the_reason_does_not_approve(as_admin: Visitor, code: Refcode) -> None:
    make_reward(code)
    page = as_admin.get("/admin/refcodes").text
    form = page.partition('id="bulk"')[2].partition("</form>")[0]
    # The Enter key presses the first submit button of a form.
    assert re.findall(r'<button type="submit"[^>]* value="(\w+)"', form) == ["reject", "approve", "reject"]
    # The form of the rows has no field in which the key could be pressed, and the rows are outside of it.
    shared = page.partition('<form method="post" id="row"')[2].partition("</form>")[0]
    assert re.findall(r"<(?:input|button|select|textarea)[^>]*>", shared) == re.findall(
        r'<input type="hidden" name="csrf_token"[^>]*>', shared
    )
