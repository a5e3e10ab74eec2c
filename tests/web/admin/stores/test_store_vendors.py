"""Vendors, rates and coupons of a connected store, and what a vendor may do with their own stores."""

from __future__ import annotations

import re

import pytest

from models import Refcode, Store, StoreCoupon, StoreRate, StoreVendor, User, Vendor
from portal.stores import page_queries
from portal.web.core import vendor_field
from tests.factories import make_store, make_vendor
from tests.web.admin.stores.conftest import TYPED
from tests.web.pages import text_of
from tests.web.visitor import Visitor


def test_vendors_rates_and_coupons_are_saved(as_admin: Visitor, shop: Store, code: Refcode) -> None:
    url, vendor = f"/admin/stores/{shop.id}", make_vendor(name="Potters")
    StoreVendor.insert(store=shop.id, external_id="v-7").execute()
    assert "1 vendor that nobody has assigned" in text_of(as_admin.get(url))
    as_admin.submit(f"{url}/vendors", {"external_id": "v-7", "vendor": str(vendor.id)})
    assert StoreVendor.get(StoreVendor.store == shop.id).vendor_id == vendor.id
    as_admin.submit(f"{url}/rates", {"sku": "MUG-1", "percent": "7,5"})
    assert str(StoreRate.get(StoreRate.sku == "MUG-1").referral_percent) == "7.500000"
    wrong = as_admin.submit(f"{url}/rates", {"sku": "MUG-1", "percent": "101"})
    assert wrong.status_code == 422
    assert 'id="percent-error"' in wrong.text
    as_admin.submit(f"{url}/rates", {"sku": "MUG-1", "percent": ""})
    assert not StoreRate.select().exists()
    as_admin.submit(f"{url}/coupons", {"coupon": "ANNA10", "share_code": code.code})
    assert StoreCoupon.get().code == code.code
    assert "anna10" in as_admin.get(f"{url}/goods").text
    wrong = as_admin.submit(f"{url}/coupons", {"coupon": "ANNA10", "share_code": "nobody"})
    assert wrong.status_code == 422
    assert 'id="share_code-error"' in wrong.text
    as_admin.submit(f"{url}/coupons", {"coupon": "anna10"})
    assert not StoreCoupon.select().exists()


def test_reported_vendors_are_found_and_come_in_pages(
    as_admin: Visitor, shop: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page_queries, "PAGE", 2)
    for name in ("a", "b|b", "c", "d"):
        vendor = make_vendor(name="Potters").id if name == "c" else None
        StoreVendor.insert(store=shop.id, external_id=name, vendor=vendor).execute()
    url = f"/admin/stores/{shop.id}/goods"
    page = as_admin.get(url).text
    assert re.findall(r'translate="no">([abcd|]+)</code>', page) == ["a", "b|b"]
    (following,) = re.findall(r'rel="next" href="([^"]*vendors=[^"]+)"', page)
    rest = as_admin.get(following.replace("&amp;", "&")).text
    assert re.findall(r'translate="no">([abcd|]+)</code>', rest) == ["c", "d"]
    assert re.findall(
        r'translate="no">([abcd|]+)</code>', as_admin.get(f"{url}?unassigned=yes&q=d").text
    ) == ["d"]
    assert 'value="d"' in as_admin.get(f"{url}?external_id=d").text
    for form in ({"external_id": "z", "vendor": ""}, {"external_id": "d", "vendor": "nobody"}):
        assert as_admin.submit(f"/admin/stores/{shop.id}/vendors", form).status_code in (404, 422)


def test_store_gets_the_vendor_that_was_typed(
    as_admin: Visitor, shop: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vendor_field, "MOST", 1)
    vendor = make_vendor(name="Tea House")
    url = f"/admin/stores/{shop.id}/settings"
    assert f'value="{shop.default_vendor_id} · ' in as_admin.get(url).text
    assert as_admin.submit(url, {"default_vendor": "nobody"}).status_code == 422
    as_admin.submit(url, {"default_vendor": "tea"})
    assert Store.get_by_id(shop.id).default_vendor_id == vendor.id


def test_vendor_sees_and_changes_only_stores_of_their_own(
    as_seller: Visitor, seller: User, shop: Store
) -> None:
    own = make_store(Vendor.get(Vendor.user == seller.id), "medusa", reward_waits_for="statement")
    page = text_of(as_seller.get("/vendor/stores"))
    assert own.name in page
    assert shop.name not in page
    for path in ("", "/events", "/keys", "/goods", "/settings"):
        assert as_seller.get(f"/vendor/stores/{own.id}{path}").status_code == 200
        assert as_seller.get(f"/vendor/stores/{shop.id}{path}").status_code == 404
    for path in ("/disconnect", "/keys", "/secret", "/settings", "/test-order"):
        assert as_seller.submit(f"/vendor/stores/{shop.id}{path}", TYPED).status_code == 404
    assert as_seller.submit(f"/vendor/stores/{own.id}/rates", {"sku": "A", "percent": "5"}).status_code == 404
    terms = {
        **TYPED,
        "default_vendor": str(own.default_vendor_id),
        "collected_by": "platform",
        "reward_waits_for": "approval",
    }
    as_seller.submit(f"/vendor/stores/{own.id}/settings", terms)
    changed = Store.get_by_id(own.id)
    assert (changed.name, changed.collected_by, changed.reward_waits_for) == (
        "Mug shop",
        "store",
        "statement",
    )
    other = {**terms, "default_vendor": str(shop.default_vendor_id)}
    assert as_seller.submit(f"/vendor/stores/{own.id}/settings", other).status_code == 422


def test_vendor_connects_a_store_on_the_terms_for_vendors(
    as_seller: Visitor, seller: User, shop: Store
) -> None:
    own = Vendor.get(Vendor.user == seller.id)
    typed = {
        **TYPED,
        "default_vendor": str(own.id),
        "collected_by": "platform",
        "reward_waits_for": "approval",
    }
    assert as_seller.submit("/vendor/stores/connect", typed).status_code == 200
    store = Store.get(Store.name == "Mug shop")
    assert (store.default_vendor_id, store.collected_by, store.reward_waits_for) == (
        own.id,
        "store",
        "statement",
    )
    for vendor in ("", str(shop.default_vendor_id)):
        typed = {**typed, "form_key": f"more{vendor}", "default_vendor": vendor}
        assert as_seller.submit("/vendor/stores/connect", typed).status_code == 422


def test_buyer_reaches_no_page_of_stores(as_owner: Visitor, shop: Store) -> None:
    for area in ("admin", "vendor"):
        assert as_owner.get(f"/{area}/stores/{shop.id}").status_code == 403
        assert as_owner.submit(f"/{area}/stores/{shop.id}/disconnect").status_code == 403
