"""Secrets and credentials of stores are encrypted, belong to one store, and are replaced without a gap."""

from __future__ import annotations

import pytest

from models import EventLog, Store
from portal.db import SYSTEM
from portal.lib.sealing import SealBroken
from portal.stores import (
    ApiAddressInvalid,
    WebhookSecretInvalid,
    end_previous_webhook_secret,
    has_store_api,
    open_store_api,
    rotate_webhook_secret,
    set_store_api,
    webhook_secrets,
)
from tests.factories import make_store

KEY = "secret key of the tests"


def test_new_secret_leaves_the_one_before_valid_until_it_is_ended(database: str) -> None:
    store_id = make_store().id
    assert webhook_secrets(Store.get_by_id(store_id), KEY) == ()
    first = rotate_webhook_secret(store_id, KEY, SYSTEM)
    second = rotate_webhook_secret(store_id, KEY, SYSTEM, "chosen-by-the-platform")
    assert webhook_secrets(Store.get_by_id(store_id), KEY) == (second, first)
    third = rotate_webhook_secret(store_id, KEY, SYSTEM)
    assert webhook_secrets(Store.get_by_id(store_id), KEY) == (third, first)
    assert end_previous_webhook_secret(store_id, SYSTEM)
    assert webhook_secrets(Store.get_by_id(store_id), KEY) == (third,)
    assert not end_previous_webhook_secret(store_id, SYSTEM)
    events = [event.event for event in EventLog.select().where(EventLog.event.startswith("webhook_"))]
    assert events == ["webhook_secret_changed"] * 3 + ["webhook_secret_ended"]


@pytest.mark.parametrize("secret", ["", "short", "with a space", "x" * 4001, "tab\tinside"])
def test_weak_secrets_are_refused(database: str, secret: str) -> None:
    with pytest.raises(WebhookSecretInvalid):
        rotate_webhook_secret(make_store().id, KEY, SYSTEM, secret)


def test_secrets_belong_to_one_store_and_key(database: str) -> None:
    store, other = make_store(), make_store()
    rotate_webhook_secret(store.id, KEY, SYSTEM)
    sealed = Store.get_by_id(store.id).webhook_secret
    Store.update(webhook_secret=sealed).where(Store.id == other.id).execute()
    for row, key in ((Store.get_by_id(other.id), KEY), (Store.get_by_id(store.id), "another key")):
        with pytest.raises(SealBroken):
            webhook_secrets(row, key)


def test_credentials_of_an_api_are_encrypted(database: str) -> None:
    store_id = make_store().id
    assert not has_store_api(Store.get_by_id(store_id))
    assert open_store_api(Store.get_by_id(store_id), KEY, allow_private=True) is None
    set_store_api(store_id, "https://shop.example/", {"consumer_secret": "cs_1"}, KEY, SYSTEM)
    store = Store.get_by_id(store_id)
    assert has_store_api(store)
    assert b"cs_1" not in bytes(store.api_credentials)
    api = open_store_api(store, KEY, allow_private=True)
    assert api is not None
    assert (api.url, api.credentials) == ("https://shop.example", {"consumer_secret": "cs_1"})
    assert "cs_1" not in repr(api)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "shop.example",
        "ftp://shop.example",
        "https://",
        "https://shop.example/?a=1",
        "https://[",
        "https://a.example:99999",
    ],
)
def test_address_of_an_api_is_checked(database: str, url: str) -> None:
    with pytest.raises(ApiAddressInvalid):
        set_store_api(make_store().id, url, {}, KEY, SYSTEM)
