"""Forms that find nothing left to change, after a double click or in a stale tab, say so."""

from __future__ import annotations

from models import User
from portal.codes import find_deactivation
from tests.factories import make_code, make_product, make_store, make_user, make_vendor
from tests.web.pages import text_of
from tests.web.visitor import Visitor

UNCHANGED = "Nothing has changed."


def texts(browser: Visitor, url: str, *forms: dict[str, str]) -> list[str]:
    """Submit forms one after the other and return the text of the page after each."""
    found = []
    for form in forms:
        answer = browser.submit(url, form)
        assert answer.status_code == 303, url
        found.append(text_of(browser.get(answer.location)))
    return found


def assert_said_once(browser: Visitor, url: str, form: dict[str, str], sentence: str) -> None:
    first, second = texts(browser, url, form, form)
    assert sentence in first, url
    assert UNCHANGED not in first, url
    assert UNCHANGED in second, url
    assert sentence not in second, url


def test_forms_of_admins(as_admin: Visitor, owner: User) -> None:
    product, store, vendor = make_product(), make_store(), make_vendor()
    for url, form, sentence in (
        (f"/admin/products/{product.id}/sale", {"on_sale": "0"}, "The product is archived."),
        (f"/admin/stores/{store.id}/disconnect", {}, "The store is disconnected."),
        (f"/admin/stores/{store.id}/reconnect", {}, "The store is connected again."),
        (f"/admin/vendors/{vendor.id}/active", {"active": "0"}, "The products are off sale."),
        (f"/admin/people/{owner.id}/role", {"role": "vendor"}, "The role is saved."),
    ):
        assert_said_once(as_admin, url, form, sentence)


def test_forms_of_referrers(as_owner: Visitor, owner: User) -> None:
    code = make_code(owner)
    assert_said_once(as_owner, f"/refcodes/{code.code}/active", {"active": "0"}, "The code is deactivated.")
    assert_said_once(as_owner, f"/refcodes/{code.code}/active", {"active": "1"}, "The code is active again.")
    assert_said_once(as_owner, f"/refcodes/{code.code}/alias", {"alias": "ANNA-TEA"}, "The alias works now")
    assert_said_once(as_owner, f"/refcodes/{code.code}/alias/retire", {}, "The alias no longer works.")


def test_credit_that_nobody_has(as_owner: Visitor) -> None:
    for currency in ("UAH", "", "\u3164", "A" * 3_000):
        (page,) = texts(as_owner, "/account/credit/give-up", {"currency": currency, "confirmed": "1"})
        assert UNCHANGED in page


def test_second_admin_reads_that_another_one_has_blocked_the_code(as_admin: Visitor) -> None:
    code = make_code(make_user())
    url = f"/admin/refcodes/codes/{code.code}/active"
    forms = ({"active": "0", "reason": reason} for reason in ("spam", "my own words"))
    first, second = texts(as_admin, url, *forms)
    assert "The code is deactivated." in first
    assert UNCHANGED in second
    assert "The code is deactivated. Past" not in second
    cause = find_deactivation(code.code)
    assert cause
    assert cause.reason == "spam"
