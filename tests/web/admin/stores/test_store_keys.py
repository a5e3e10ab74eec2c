"""`/admin/stores/<id>/keys`: keys, webhook secrets and the access to a shop, which are shown once or never."""

from __future__ import annotations

import re

import pytest
from flask import Flask

from models import Store, StoreKey
from portal.stores import get_key, keys, signing_secrets
from tests.factories import make_store
from tests.web.admin.stores.conftest import events_of
from tests.web.pages import text_of
from tests.web.visitor import Visitor


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


@pytest.mark.parametrize("name", ["webhook_secret", "signing_secret"])
def test_form_of_a_secret_sent_twice_replaces_it_once(as_admin: Visitor, shop: Store, name: str) -> None:
    action = f"/admin/stores/{shop.id}/{'secret' if name == 'webhook_secret' else 'signing'}"
    as_admin.submit(action)
    page = as_admin.get(f"/admin/stores/{shop.id}/keys").text
    (seen,) = re.findall(rf'action="{action}".*?name="seen" value="(\w+)"', page, re.DOTALL)
    assert as_admin.submit(action, {"seen": seen}).status_code == 200
    kept = Store.get_by_id(shop.id)
    repeated = as_admin.submit(action, {"seen": seen})
    assert repeated.status_code == 409
    assert "The secret was replaced already." in text_of(repeated)
    after = Store.get_by_id(shop.id)
    for column in (name, f"previous_{name}"):
        assert getattr(after, column) == getattr(kept, column) is not None


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


def test_store_must_sign_once_it_has_a_secret(as_admin: Visitor, app: Flask) -> None:
    store = make_store()
    url, key = f"/admin/stores/{store.id}", app.extensions["portal"].settings.stored_key
    early = as_admin.submit(f"{url}/signing/required", {"required": "1"}, follow_redirects=True)
    assert "Create a signing secret first." in text_of(early)
    texts = [
        re.findall(r'id="value" value="(whsec_[^"]+)"', as_admin.submit(f"{url}/signing").text)[0]
        for _ in range(2)
    ]
    assert signing_secrets(Store.get_by_id(store.id), key) == tuple(reversed(texts))
    assert not Store.get_by_id(store.id).signature_required
    for required, words in (("1", "refused"), ("0", "accepted"), ("1", "refused")):
        page = as_admin.submit(f"{url}/signing/required", {"required": required}, follow_redirects=True)
        assert f"Unsigned requests are {words}." in text_of(page)
        assert Store.get_by_id(store.id).signature_required is (required == "1")
        assert texts[1] not in page.text
    as_admin.submit(f"{url}/signing/end-previous")
    assert signing_secrets(Store.get_by_id(store.id), key) == (texts[1],)
    assert events_of(store)[-6:] == [
        *["signing_secret_changed"] * 2,
        *["signature_required", "signature_optional", "signature_required"],
        "signing_secret_ended",
    ]


def test_store_without_webhooks_gets_no_webhook_secret(as_admin: Visitor) -> None:
    for platform in ("api", "django_oscar", "keycrm", "horoshop"):
        store = make_store(platform=platform)
        url = f"/admin/stores/{store.id}"
        assert "hook-address" not in as_admin.get(f"{url}/keys").text
        assert as_admin.submit(f"{url}/secret").status_code == 409
        assert Store.get_by_id(store.id).webhook_secret is None


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
