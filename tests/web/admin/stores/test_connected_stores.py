"""`/admin/stores`: connect a store, its checks, events and settings."""

from __future__ import annotations

import io
import re
import zipfile

import pytest

from models import Order, Refcode, Store, StoreEvent, StoreKey, Vendor
from portal.stores import count_refused_delivery, get_key, page_queries
from portal.stores.adapters.registry import list_platforms
from tests.factories import make_store, make_vendor
from tests.web.admin.stores.conftest import TYPED, events_of, report
from tests.web.pages import text_of
from tests.web.visitor import Visitor

UNSIGNED = ("horoshop", "keycrm")


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
    assert "every 13s" in broken.text
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


def test_plugin_is_the_zip_file_that_wordpress_takes(as_admin: Visitor, shop: Store) -> None:
    answer = as_admin.get(f"/admin/stores/{shop.id}/plugin.zip")
    assert "ring-referrals.zip" in answer.headers["Content-Disposition"]
    names = zipfile.ZipFile(io.BytesIO(answer.data)).namelist()
    assert names == ["ring-referrals/ring-referrals.php"]


def test_built_in_shop_is_no_connected_store(as_admin: Visitor) -> None:
    assert as_admin.get("/admin/stores/1").status_code == 404
    assert as_admin.submit("/admin/stores/1/disconnect").status_code == 404


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
