"""What is decided about a store is checked, and changes have their events."""

from __future__ import annotations

from decimal import Decimal

import pytest

from models import EventLog, Store, StoreCoupon, StoreRate, StoreVendor
from portal.db import SYSTEM
from portal.lib.errors import InputInvalid
from portal.stores import (
    BUILT_IN_STORE_ID,
    CouponInvalid,
    OriginInvalid,
    StoreKeyInvalid,
    StoreVendorUnknown,
    assign_vendor,
    change_store,
    check_origin,
    check_store_settings,
    create_key,
    disconnect_store,
    get_key,
    reconnect_store,
    set_coupon,
    set_rate,
)
from tests.factories import make_code, make_store, make_user, make_vendor

TYPED = {
    "name": "Mugs",
    "platform": "api",
    "collected_by": "store",
    "commission_base": "gross",
    "reward_waits_for": "statement",
}


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("https://shop.example", "https://shop.example"),
        (" HTTPS://Shop.Example/cart?x=1 ", "https://shop.example"),
        ("shop.example", "https://shop.example"),
        ("https://shop.example:443/", "https://shop.example"),
        ("https://shop.example:8443", "https://shop.example:8443"),
        ("https://пошта.укр", "https://xn--80a1acn3a.xn--j1amh"),
        ("null", "https://null"),
        ("http://127.0.0.1:18080", "http://127.0.0.1:18080"),
        ("http://a.shop.localhost:3000/", "http://a.shop.localhost:3000"),
        ("http://[::1]:3000", "http://[::1]:3000"),
    ],
)
def test_origin_is_stored_as_browsers_send_it(typed: str, stored: str) -> None:
    assert check_origin(typed) == stored


@pytest.mark.parametrize(
    "text",
    [
        "http://shop.example",
        "ftp://shop.example",
        "https://*.shop.example",
        "https://user@shop.example",
        "https://shop.example:99999",
        "javascript:alert(1)",
        "https://",
        "https://shop.example;script-src",
        "a b.example",
    ],
)
def test_other_texts_are_no_origins(text: str) -> None:
    with pytest.raises(OriginInvalid):
        check_origin(text)


def test_each_wrong_field_is_named() -> None:
    with pytest.raises(InputInvalid) as refused:
        check_store_settings({"name": "", "platform": "x"}, ["http://shop.example"], 1, ["api"])
    assert set(refused.value.fields) == {
        "name", "platform", "origins", "collected_by", "commission_base", "reward_waits_for"
    }  # fmt: skip


def test_changes_are_recorded_with_both_values(database: str) -> None:
    store = make_store()
    settings = check_store_settings(TYPED, ["https://mugs.example"], make_vendor().id, ["api"])
    change_store(store.id, settings, SYSTEM)
    changed = Store.get_by_id(store.id)
    assert (changed.name, changed.origins, changed.commission_base) == (
        "Mugs",
        ["https://mugs.example"],
        "gross",
    )
    event = EventLog.get(EventLog.event == "store_changed")
    assert event.data["commission_base"] == ["net", "gross"]
    change_store(store.id, settings, SYSTEM)
    assert EventLog.select().where(EventLog.event == "store_changed").count() == 1


def test_built_in_shop_cannot_be_disconnected(database: str) -> None:
    assert not disconnect_store(BUILT_IN_STORE_ID, SYSTEM)
    assert Store.get_by_id(BUILT_IN_STORE_ID).active


def test_reconnected_store_needs_new_keys(database: str) -> None:
    store = make_store()
    key = create_key(store.id, "live", SYSTEM)
    assert disconnect_store(store.id, SYSTEM)
    assert reconnect_store(store.id, SYSTEM)
    with pytest.raises(StoreKeyInvalid):
        get_key(key.text, "orders:write")


def test_vendors_rates_and_coupons(database: str) -> None:
    store, vendor, code = make_store(), make_vendor(), make_code(make_user())
    StoreVendor.insert(store=store.id, external_id="B").execute()
    assign_vendor(store.id, "B", vendor.id, SYSTEM)
    with pytest.raises(StoreVendorUnknown):
        assign_vendor(store.id, "C", vendor.id, SYSTEM)
    set_rate(store.id, "MUG-1", Decimal(7), SYSTEM)
    set_rate(store.id, "MUG-1", Decimal(8), SYSTEM)
    set_coupon(store.id, " ANNA10 ", code.code, SYSTEM)
    with pytest.raises(CouponInvalid):
        set_coupon(store.id, " ", code.code, SYSTEM)
    assert StoreVendor.get().vendor_id == vendor.id
    assert [(row.sku, row.referral_percent) for row in StoreRate.select()] == [("MUG-1", Decimal(8))]
    assert [(row.coupon, row.code) for row in StoreCoupon.select()] == [("anna10", code.code)]
    set_rate(store.id, "MUG-1", None, SYSTEM)
    set_coupon(store.id, "anna10", None, SYSTEM)
    assert not StoreRate.select().exists()
    assert not StoreCoupon.select().exists()
