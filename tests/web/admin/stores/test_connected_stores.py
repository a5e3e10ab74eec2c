"""`/admin/stores`: connect a store, its checks, events, keys, settings, vendors, rates and coupons."""

from __future__ import annotations

import io
import re
import zipfile
from typing import Any

import pytest

from models import (
    EventLog,
    Order,
    Refcode,
    Store,
    StoreCoupon,
    StoreEvent,
    StoreKey,
    StoreRate,
    StoreVendor,
    User,
    Vendor,
)
from portal.chain import open_chain
from portal.flows.stores.receive_snapshot import receive_snapshot
from portal.stores import OrderSnapshot, count_refused_delivery, get_key, keys, page_queries
from portal.stores.adapters.registry import list_platforms
from portal.web.core import vendor_field
from tests.factories import make_store, make_vendor
from tests.flows.conftest import settings_with
from tests.web.pages import text_of
from tests.web.visitor import Visitor

UNSIGNED = ("horoshop", "keycrm")
TYPED = {
    "name": "Mug shop",
    "platform": "woocommerce",
    "origins": "https://mugs.example\nhttps://www.mugs.example/shop",
    "default_vendor": "",
    "collected_by": "store",
    "commission_base": "net",
    "reward_waits_for": "approval",
    "form_key": "once",
}


@pytest.fixture
def shop(database: str) -> Store:
    return make_store(platform="woocommerce")


def report(store: Store, **changes: Any) -> None:
    body: dict[str, Any] = {
        "externalId": "14", "number": "1042", "version": 1, "currency": "UAH", "status": "paid", "paidAmount": "719.98",
        "codeSource": "cookie", "customer": {"email": "buyer@example.test"},
        "lines": [{"externalId": "7", "sku": "MUG-1", "quantity": 1, "amount": "719.98"}],
    }  # fmt: skip
    settings = settings_with()
    snapshot = OrderSnapshot.model_validate({**body, **changes}, strict=False)
    receive_snapshot(store, snapshot, kind="order.updated", chain=open_chain(settings), settings=settings)


def events_of(store: Store) -> list[str]:
    return [row.event for row in EventLog.select().where(EventLog.entity == "store").order_by(EventLog.id)]


def test_first_use_leads_to_the_connection(as_admin: Visitor) -> None:
    page = as_admin.get("/admin/stores")
    assert "No store is connected yet" in text_of(page)
    assert 'href="/admin/stores/connect"' in page.text
    assert 'aria-current="page"' in page.text


def test_three_steps_connect_a_store_and_show_its_keys_once(as_admin: Visitor) -> None:
    first = as_admin.get("/admin/stores/connect")
    assert 'name="platform"' in first.text
    second = as_admin.get("/admin/stores/connect?name=Mug+shop&platform=woocommerce")
    assert 'type="hidden" name="name" value="Mug shop"' in second.text
    done = as_admin.submit("/admin/stores/connect", TYPED)
    assert done.status_code == 200
    store = Store.get(Store.name == "Mug shop")
    assert store.origins == ["https://mugs.example", "https://www.mugs.example"]
    assert Vendor.get_by_id(store.default_vendor_id).name == "Mug shop"
    live, test = (re.search(rf"rk_{mode}_\w{{32}}", done.text) for mode in ("live", "test"))
    assert live is not None
    assert test is not None
    assert get_key(live[0], "orders:write").store_id == get_key(test[0], "orders:write").store_id == store.id
    for value in (store.public_id, f"/hooks/{store.public_id}/woocommerce", "sha384-", 'id="webhook-secret"'):
        assert value in done.text
    again = as_admin.submit("/admin/stores/connect", TYPED)
    assert (again.status_code, again.location) == (303, f"/admin/stores/{store.id}/keys")
    assert Store.select().where(Store.name == "Mug shop").count() == 1
    assert not re.search(r"rk_live_\w{32}", as_admin.get(again.location).text)


@pytest.mark.parametrize("prefix", ["", "/uk", "/ru"])
def test_wizard_names_each_wrong_field_and_keeps_what_was_typed(as_admin: Visitor, prefix: str) -> None:
    step = as_admin.get(f"{prefix}/admin/stores/connect?name=Mug+shop&platform=nothing")
    assert 'id="platform-error"' in step.text
    assert 'value="Mug shop"' in step.text
    typed = {**TYPED, "origins": "ftp://mugs.example", "collected_by": "nobody"}
    answer = as_admin.submit(f"{prefix}/admin/stores/connect", typed)
    assert answer.status_code == 422
    assert 'id="origins-error"' in answer.text
    assert 'id="collected_by-error"' in answer.text
    assert "ftp://mugs.example</textarea>" in answer.text
    assert (
        as_admin.submit(f"{prefix}/admin/stores/connect", {**TYPED, "default_vendor": "9999"}).status_code
        == 422
    )
    assert not Store.select().where(Store.name == "Mug shop").exists()


@pytest.mark.parametrize("platform", list_platforms())
def test_each_platform_has_its_instructions(as_admin: Visitor, platform: str) -> None:
    store = make_store(platform=platform)
    page = as_admin.get(f"/admin/stores/{store.id}")
    assert page.status_code == 200
    assert page.text.count('class="timeline-step') >= 2
    assert (f"data-store=&#34;{store.public_id}&#34;" in page.text) == (platform not in UNSIGNED)
    has_hook = f"/hooks/{store.public_id}/{platform}" in page.text
    assert has_hook == (platform not in ("django_oscar", "api", *UNSIGNED))


def test_checks_turn_green_and_their_poll_is_the_same_fragment(
    as_admin: Visitor, shop: Store, code: Refcode
) -> None:
    url = f"/admin/stores/{shop.id}"
    states = lambda page: dict(re.findall(r'data-check="(\w+)" data-state="(\w+)"', page.text))  # noqa: E731
    assert states(as_admin.get(url)) == {
        "snippet": "waiting", "cookie": "waiting", "signature": "waiting", "order": "waiting", "poll": "unused"
    }  # fmt: skip
    report(shop, referralCode=code.code)
    Store.update(snippet_seen_at="now", webhook_seen_at="now").where(Store.id == shop.id).execute()
    fragment = as_admin.fragment(f"{url}?turn=3")
    assert "<html" not in fragment.text
    assert fragment.text.strip() in as_admin.get(f"{url}?turn=3").text
    assert states(fragment) == {
        "snippet": "good", "cookie": "good", "signature": "good", "order": "good", "poll": "unused"
    }  # fmt: skip
    assert "hx-get" not in fragment.text
    count_refused_delivery(shop.id, "signature_wrong")
    broken = as_admin.fragment(f"{url}?turn=3")
    assert states(broken)["signature"] == "bad"
    assert "wrong signature" in text_of(broken)
    assert "delay:13s" in broken.text
    assert "wrong signature" in text_of(as_admin.get("/admin/stores"))


def test_events_say_in_a_sentence_what_was_decided(as_admin: Visitor, shop: Store, code: Refcode) -> None:
    report(shop, referralCode=code.code)
    report(shop, referralCode=code.code, externalId="15", number="1043")
    count_refused_delivery(shop.id, "signature_wrong")
    page = as_admin.get(f"/admin/stores/{shop.id}/events")
    text = text_of(page)
    assert (
        f"Order 1043 paid 719.98 UAH. Referred by {code.code}: not the first purchase, so nobody is credited."
        in text
    )
    assert (
        f"Order 1042 paid 719.98 UAH. Referred by {code.code}, who is credited with a reward of 5%." in text
    )
    assert "Webhook, signature verified" in text
    refused = text_of(as_admin.get(f"/admin/stores/{shop.id}/events?outcome=refused"))
    assert "wrong signature" in refused
    assert "1042" not in refused
    assert "No event matches the filter" in text_of(
        as_admin.get(f"/admin/stores/{shop.id}/events?outcome=held")
    )


def test_audit_names_the_store_its_number_and_the_versions(
    as_admin: Visitor, shop: Store, code: Refcode
) -> None:
    report(shop, referralCode=code.code, status="open", paidAmount="0")
    report(shop, referralCode=code.code, version=2)
    reference = Order.get(Order.store == shop.id).order_reference
    page = text_of(as_admin.get(f"/admin/audit?orderReference={reference}"))
    assert (
        f"Store {shop.name} Number in the store 1042 Order ID in the store 14 Version 2 Reports that changed it"
        in page
    )
    assert "version 2 Order 1042 paid 719.98 UAH. Referred by" in page
    assert "version 1 Order 1042 is not paid yet. Referred by" in page
    assert f"store:{shop.id}" not in page


def test_replay_changes_nothing_and_is_an_event(as_admin: Visitor, shop: Store) -> None:
    report(shop)
    event = StoreEvent.get(StoreEvent.store == shop.id)
    assert as_admin.submit(f"/admin/stores/{shop.id}/events/{event.id}/replay").status_code == 303
    newest = StoreEvent.select().order_by(StoreEvent.id.desc()).get()
    assert (newest.kind, newest.outcome) == ("replay", "unchanged")
    other = make_store()
    assert as_admin.submit(f"/admin/stores/{other.id}/events/{event.id}/replay").status_code == 404


def test_test_order_answers_in_words_and_leaves_only_its_event(
    as_admin: Visitor, shop: Store, code: Refcode
) -> None:
    answer = as_admin.submit(
        f"/admin/stores/{shop.id}/test-order",
        {"share_code": code.code, "currency": "UAH"},
        follow_redirects=True,
    )
    assert (
        f"Referred by {code.code}, who is credited with a reward of 5%. A test: nothing was stored."
        in text_of(answer)
    )
    event = StoreEvent.get(StoreEvent.store == shop.id)
    assert (event.kind, event.outcome, event.live) == ("portal.test", "test", False)
    wrong = as_admin.submit(f"/admin/stores/{shop.id}/test-order", {"currency": "QQQ"})
    assert wrong.status_code == 422


def test_keys_are_created_rotated_and_revoked(as_admin: Visitor, shop: Store) -> None:
    url = f"/admin/stores/{shop.id}/keys"
    texts = []
    for _ in range(2):
        answer = as_admin.submit(url, {"mode": "live"})
        texts += re.findall(r"rk_live_\w{32}", answer.text)[:1]
    assert as_admin.submit(url, {"mode": "live"}).status_code == 409
    assert len(set(texts)) == 2
    key = get_key(texts[0], "orders:write")
    assert as_admin.submit(f"{url}/{key.id}/revoke").status_code == 303
    assert StoreKey.get_by_id(key.id).revoked_at is not None
    assert as_admin.submit(f"{url}/{key.id}/revoke").status_code == 404
    assert events_of(shop)[-3:] == ["store_key_created", "store_key_created", "store_key_revoked"]


def test_webhook_secret_is_shown_once_and_the_previous_one_ends(as_admin: Visitor, shop: Store) -> None:
    url = f"/admin/stores/{shop.id}"
    first = re.findall(r'id="value" value="([^"]+)"', as_admin.submit(f"{url}/secret").text)
    second = re.findall(r'id="value" value="([^"]+)"', as_admin.submit(f"{url}/secret").text)
    assert first
    assert second
    assert first != second
    page = as_admin.get(f"{url}/keys").text
    assert second[0] not in page
    assert "end-previous" in page
    as_admin.submit(f"{url}/secret/end-previous")
    assert Store.get_by_id(shop.id).previous_webhook_secret is None


def test_platform_with_a_secret_of_its_own_takes_it(as_admin: Visitor) -> None:
    store = make_store(platform="stripe")
    url = f"/admin/stores/{store.id}"
    short = as_admin.submit(f"{url}/secret", {"secret": "x"})
    assert short.status_code == 422
    assert 'id="secret-error"' in short.text
    saved = as_admin.submit(f"{url}/secret", {"secret": "whsec_of_stripe"}, follow_redirects=True)
    assert "A secret is set" in text_of(saved)
    assert "whsec_of_stripe" not in saved.text


def test_access_to_the_api_is_saved_and_never_shown(as_admin: Visitor, shop: Store) -> None:
    url = f"/admin/stores/{shop.id}/api"
    typed = {
        "api_url": "https://mugs.example",
        "secret_consumer_key": "ck_1",
        "secret_consumer_secret": "cs_1",
    }
    missing = as_admin.submit(url, {**typed, "secret_consumer_secret": ""})
    assert missing.status_code == 422
    assert 'id="secret_consumer_secret-error"' in missing.text
    assert "This field is required." in missing.text
    wrong = as_admin.submit(url, {**typed, "api_url": "mugs"})
    assert wrong.status_code == 422
    assert 'id="api_url-error"' in wrong.text
    saved = as_admin.submit(url, typed, follow_redirects=True)
    assert "Credentials are set" in text_of(saved)
    assert "ck_1" not in saved.text
    assert "cs_1" not in saved.text
    assert 'data-check="poll" data-state="waiting"' in as_admin.get(f"/admin/stores/{shop.id}").text


def test_settings_change_and_errors_keep_what_was_typed(as_admin: Visitor, shop: Store) -> None:
    url, vendor = f"/admin/stores/{shop.id}/settings", make_vendor()
    typed = {**TYPED, "name": "New name", "default_vendor": str(vendor.id), "reward_waits_for": "statement"}
    assert as_admin.submit(url, typed).status_code == 303
    store = Store.get_by_id(shop.id)
    assert (store.name, store.default_vendor_id, store.reward_waits_for) == (
        "New name",
        vendor.id,
        "statement",
    )
    wrong = as_admin.submit(url, {**typed, "name": "", "origins": "https://kept.example https://"})
    assert wrong.status_code == 422
    assert 'id="name-error"' in wrong.text
    assert "https://kept.example" in wrong.text


def test_disconnected_store_can_be_connected_again_with_new_keys(as_admin: Visitor, shop: Store) -> None:
    url = f"/admin/stores/{shop.id}"
    as_admin.submit(f"{url}/keys", {"mode": "live"})
    assert "Its keys no longer work" in text_of(as_admin.submit(f"{url}/disconnect", follow_redirects=True))
    assert "The store is disconnected" in text_of(as_admin.get(url))
    as_admin.submit(f"{url}/keys", {"mode": "live"})
    assert not StoreKey.select().where(StoreKey.revoked_at.is_null()).exists()
    as_admin.submit(f"{url}/reconnect")
    assert Store.get_by_id(shop.id).active
    assert events_of(shop)[-2:] == ["store_disconnected", "store_reconnected"]


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


def test_plugin_is_the_zip_file_that_wordpress_takes(as_admin: Visitor, shop: Store) -> None:
    answer = as_admin.get(f"/admin/stores/{shop.id}/plugin.zip")
    assert "ring-referrals.zip" in answer.headers["Content-Disposition"]
    names = zipfile.ZipFile(io.BytesIO(answer.data)).namelist()
    assert names == ["ring-referrals/ring-referrals.php"]


def test_built_in_shop_is_no_connected_store(as_admin: Visitor) -> None:
    assert as_admin.get("/admin/stores/1").status_code == 404
    assert as_admin.submit("/admin/stores/1/disconnect").status_code == 404


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


def test_stores_are_found_and_come_in_pages(as_admin: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page_queries, "STORES_PAGE", 2)
    shops = [make_store(name=f"Shop {number}") for number in range(3)]
    page = as_admin.get("/admin/stores").text
    assert [store.id for store in shops if f'id="store-{store.id}"' in page] == [shops[1].id, shops[2].id]
    (following,) = re.findall(r'rel="next" href="([^"]+)"', page)
    assert f'id="store-{shops[0].id}"' in as_admin.get(following.replace("&amp;", "&")).text
    found = as_admin.get("/admin/stores?q=shop+1").text
    assert [store.id for store in shops if f'id="store-{store.id}"' in found] == [shops[1].id]
    assert "No store matches" in text_of(as_admin.get("/admin/stores?q=nothing"))


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


def test_revoked_keys_come_after_valid_ones(
    as_admin: Visitor, shop: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keys, "REVOKED_PAGE", 1)
    for number in range(3):
        as_admin.submit(f"/admin/stores/{shop.id}/keys", {"mode": "live"})
        newest = StoreKey.select().order_by(StoreKey.id.desc()).first()
        if number < 2:
            as_admin.submit(f"/admin/stores/{shop.id}/keys/{newest.id}/revoke")
    page = as_admin.get(f"/admin/stores/{shop.id}/keys").text
    assert page.index('id="key-3"') < page.index('id="key-2"')
    assert 'id="key-1"' not in page
    (following,) = re.findall(r'rel="next" href="([^"]*revoked=[^"]+)"', page)
    assert 'id="key-1"' in as_admin.get(following.replace("&amp;", "&")).text
