"""The field for one of many vendors suggests while typing; numbers, names and parts of names work without scripts."""

from __future__ import annotations

import pytest

from models import Product, Settlement, User, Vendor
from portal.web.core import vendor_field
from tests.factories import make_settlement, make_vendor
from tests.web.pages import text_of
from tests.web.visitor import Visitor

LEDGER = "/admin/store/commissions"
SUGGEST = "/admin/vendors/suggest"


@pytest.fixture
def settlements(database: str, monkeypatch: pytest.MonkeyPatch) -> list[Settlement]:
    monkeypatch.setattr(vendor_field, "MOST", 2)
    return [make_settlement(make_vendor(name=name)) for name in ("Чайна", "Чай і кава", "Tea House")]


def test_page_lists_no_vendors_where_there_are_many(as_admin: Visitor, settlements: list[Settlement]) -> None:
    vendor = settlements[2].vendor_id
    page = as_admin.get(f"{LEDGER}?vendor={vendor}")
    assert f'value="{vendor} · Tea House"' in page.text
    assert "<option" not in page.text.partition('id="vendor-suggestions"')[2].partition("</datalist>")[0]
    assert settlements[2].order_reference in page.text
    assert settlements[0].order_reference not in page.text


@pytest.mark.parametrize("typed", ["tea", "Tea House", "{id} · Tea House", "{id}"])
def test_vendor_is_found_by_what_only_it_is_named(
    as_admin: Visitor, settlements: list[Settlement], typed: str
) -> None:
    text = as_admin.get(LEDGER, query_string={"vendor": typed.format(id=settlements[2].vendor_id)}).text
    assert [row.order_reference in text for row in settlements] == [False, False, True]


@pytest.mark.parametrize("typed", ["ЧАЙ", "nobody", "9" * 30, "\x00"])
def test_what_names_no_vendor_or_several_is_refused(
    as_admin: Visitor, settlements: list[Settlement], typed: str
) -> None:
    page = as_admin.get(LEDGER, query_string={"vendor": typed})
    assert page.status_code in (200, 400)
    if page.status_code == 200:
        assert "Several vendors have this" in text_of(page)
        assert all(row.order_reference in page.text for row in settlements)


def test_suggestions_come_in_the_alphabet(as_admin: Visitor, settlements: list[Settlement]) -> None:
    names = [settlements[1].vendor_id, settlements[0].vendor_id]
    text = as_admin.get(f"/uk{SUGGEST}", query_string={"vendor": "чай"}).text
    assert [text.index(f'"{number} · ') for number in names] == sorted(
        text.index(f'"{number} · ') for number in names
    )
    assert "Tea House" not in text


def test_product_gets_the_vendor_that_was_typed(as_admin: Visitor, settlements: list[Settlement]) -> None:
    form = {"name": "Cup", "price": "10", "currency": "UAH", "stock": "1"}
    assert "This vendor does not exist" in text_of(
        as_admin.submit("/admin/products/new", {**form, "vendor": "ча"})
    )
    as_admin.submit("/admin/products/new", {**form, "vendor": "tea"})
    assert Product.get().vendor_id == Vendor.get(Vendor.name == "Tea House").id


def test_vendors_are_suggested_their_own_only(
    as_seller: Visitor, seller: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vendor_field, "MOST", 1)
    own = [make_vendor(seller, name=name) for name in ("Tea House", "Tea Garden")]
    make_vendor(name="Tea of others")
    assert "/vendor/suggest" in as_seller.get("/vendor/products/new").text
    text = as_seller.get("/vendor/suggest?vendor=garden").text
    assert text.split() == ["<option", f'value="{own[1].id}', "·", "Tea", 'Garden"></option>']
    assert "others" not in as_seller.get("/vendor/suggest?vendor=others").text
    assert as_seller.get(SUGGEST).status_code == 403
