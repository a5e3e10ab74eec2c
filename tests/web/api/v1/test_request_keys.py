"""Keys of stores: who may call `/api/v1`, how often, and signed how."""

from __future__ import annotations

import json
import logging
import re
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from standardwebhooks import Webhook

from models import Customer, Store, StoreEvent, StoreKey
from portal.db import SYSTEM
from portal.lib.sealing import STORE_SECRET, seal
from portal.stores import (
    ORDERS_READ,
    create_key,
    end_previous_signing_secret,
    require_signature,
    revoke_key,
    rotate_signing_secret,
    signing_secrets,
)
from tests.factories import make_store
from tests.web.api.v1.conftest import Call, caller_of
from tests.web.conftest import MakeApp
from tests.web.visitor import Visitor, error_of

_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
_BODY = {"customers": [{"externalId": "1"}]}


def test_key_opens_its_own_store_and_its_use_is_noted(call: Call, key: str) -> None:
    assert call("/events").status_code == 200
    assert StoreKey.get(StoreKey.prefix == key[:12]).last_used_at is not None


def test_wrong_key_is_refused_with_the_scheme(call: Call, key: str) -> None:
    for text in ("", "rk_live_short", "rk_live_" + "x" * 32, key[:-1], key.upper()):
        response = call("/events", key=text, Origin="https://shop.example")
        assert (response.status_code, error_of(response)["code"]) == (401, "store_key_invalid"), text
        assert response.headers["WWW-Authenticate"] == 'Bearer realm="store"'
        assert "Set-Cookie" not in response.headers
        assert "Access-Control-Allow-Origin" not in response.headers
    basic = call("/events", key="", Authorization=f"Basic {key}")
    assert basic.status_code == 401


def test_revoked_key_and_disconnected_store_are_refused(call: Call, store: Store, key: str) -> None:
    Store.update(active=False).where(Store.id == store.id).execute()
    assert call("/events").status_code == 401
    Store.update(active=True).where(Store.id == store.id).execute()
    assert call("/events").status_code == 200
    revoke_key(store.id, StoreKey.get(StoreKey.prefix == key[:12]).id, SYSTEM)
    assert call("/events").status_code == 401


def test_key_without_the_scope_is_refused(call: Call, store: Store) -> None:
    reading = create_key(store.id, "live", SYSTEM, scopes=[ORDERS_READ]).text
    assert call("/events", key=reading).status_code == 200
    refused = call("/customers", _BODY, key=reading)
    assert (refused.status_code, error_of(refused)["code"]) == (403, "scope_missing")
    assert "orders:write" in error_of(refused)["message"]
    assert not Customer.select().where(Customer.store == store.id).exists()


def test_each_key_has_its_own_limit(make_app: MakeApp, store: Store, key: str) -> None:
    app = make_app(rate_limit_store_key="2 per minute")
    call = caller_of(app, key)
    assert [call("/events").status_code for _ in range(3)] == [200, 200, 429]
    refused = call("/events")
    assert error_of(refused)["code"] == "rate_limited"
    assert 1 <= int(refused.headers["Retry-After"]) <= 61
    other = create_key(make_store().id, "live", SYSTEM).text
    assert call("/events", key=other).status_code == 200


def test_limit_of_changes_per_address_does_not_count_for_stores(
    make_app: MakeApp, store: Store, key: str
) -> None:
    """A store calls from one address for all its buyers."""
    call = caller_of(make_app(rate_limit_requests="1 per minute"), key)
    assert [call("/customers", _BODY).status_code for _ in range(3)] == [200, 200, 200]


def test_flood_of_wrong_keys_stops_before_the_database(
    make_app: MakeApp, key: str, caplog: pytest.LogCaptureFixture
) -> None:
    call = caller_of(make_app(rate_limit_sign_in="3 per minute"), key)
    wrong = ["rk_live_" + f"{number:032d}" for number in range(4)]
    assert [call("/events", key=text).status_code for text in wrong] == [401, 401, 401, 429]
    with caplog.at_level(logging.DEBUG, logger="peewee"):
        caplog.clear()
        refused = call("/events", key="rk_live_" + "z" * 32)
    assert refused.status_code == 429
    assert refused.headers["Retry-After"]
    assert not [record for record in caplog.records if record.name == "peewee"]


def test_old_key_in_use_locks_out_no_store(make_app: MakeApp, store: Store, key: str) -> None:
    call = caller_of(make_app(rate_limit_sign_in="2 per minute"), key)
    old = create_key(store.id, "live", SYSTEM)
    assert [call("/events", key=text).status_code for text in (key, old.text)] == [200, 200]
    revoke_key(store.id, old.id, SYSTEM)
    assert [call("/events", key=old.text).status_code for _ in range(4)] == [401, 401, 429, 429]
    assert call("/events").status_code == 200


def test_session_of_an_admin_is_no_key(as_admin: Visitor) -> None:
    refused = as_admin.send("/api/v1/customers", _BODY)
    assert (refused.status_code, error_of(refused)["code"]) == (401, "store_key_invalid")
    assert as_admin.get("/api/v1/events").status_code == 401


def signed(body: bytes, *, seconds: int = 0, secret: str = _SECRET) -> dict[str, str]:
    """Return the headers of a body that is signed so many seconds from now."""
    moment = datetime.now(UTC) + timedelta(seconds=seconds)
    return {
        "webhook_id": "msg_1",
        "webhook_timestamp": str(int(moment.timestamp())),
        "webhook_signature": Webhook(secret).sign("msg_1", moment, body.decode()),
    }


@pytest.fixture
def signing_store(app: Flask, store: Store) -> Store:
    """Return the store with a signing secret that its requests must use."""
    settings = app.extensions["portal"].settings
    sealed = seal(_SECRET, settings.secret_key.get_secret_value(), store.id, STORE_SECRET)
    Store.update(signing_secret=sealed, signature_required=True).where(Store.id == store.id).execute()
    return store


_RAW = json.dumps(_BODY).encode()


@pytest.mark.usefixtures("signing_store")
def test_signed_request_is_accepted(call: Call) -> None:
    assert call("/customers", raw=_RAW, **signed(_RAW)).status_code == 200
    assert call("/events", **signed(b"")).status_code == 200


def test_both_secrets_sign_while_a_store_changes_to_the_new_one(app: Flask, call: Call, store: Store) -> None:
    key = app.extensions["portal"].settings.stored_key
    old, _lost, new = (rotate_signing_secret(store.id, key, SYSTEM) for _ in range(3))
    require_signature(store.id, SYSTEM, is_required=True)
    for secret in (old, new):
        assert call("/customers", raw=_RAW, **signed(_RAW, secret=secret)).status_code == 200
    end_previous_signing_secret(store.id, SYSTEM)
    statuses = [call("/customers", raw=_RAW, **signed(_RAW, secret=each)).status_code for each in (old, new)]
    assert statuses == [401, 200]
    used = rotate_signing_secret(store.id, key, SYSTEM)
    assert call("/customers", raw=_RAW, **signed(_RAW, secret=used)).status_code == 200
    newest = rotate_signing_secret(store.id, key, SYSTEM)
    assert signing_secrets(Store.get_by_id(store.id), key) == (newest, used)


@pytest.mark.usefixtures("signing_store")
def test_wrong_signature_is_refused(call: Call) -> None:
    wrong = {
        "none": ({}, "store_signature_missing"),
        "no id": ({**signed(_RAW), "webhook_id": ""}, "store_signature_missing"),
        "other secret": (signed(_RAW, secret="whsec_" + "a" * 32), "store_signature_wrong"),
        "one byte off": (signed(_RAW[:-1] + b" "), "store_signature_wrong"),
        "serialised again": (signed(json.dumps(_BODY, indent=1).encode()), "store_signature_wrong"),
        "no version": ({**signed(_RAW), "webhook_signature": "abc"}, "store_signature_wrong"),
        "no base64": ({**signed(_RAW), "webhook_signature": "v1,a"}, "store_signature_wrong"),
        "no time": ({**signed(_RAW), "webhook_timestamp": "1e9"}, "store_signature_time"),
        "milliseconds": ({**signed(_RAW), "webhook_timestamp": "1795876799000"}, "store_signature_time"),
        "late": (signed(_RAW, seconds=-1000), "store_signature_time"),
        "early": (signed(_RAW, seconds=1000), "store_signature_time"),
    }
    for name, (headers, code) in wrong.items():
        refused = call("/customers", raw=_RAW, **headers)
        assert (refused.status_code, error_of(refused)["code"]) == (401, code), name
        event = StoreEvent.select().order_by(StoreEvent.id.desc()).first()
        assert (event.verified, event.outcome, event.explanation["error"]) == (False, "refused", code), name
    assert StoreEvent.select().count() == len(wrong)
    assert not Customer.select().where(Customer.bought_before).exists()


@pytest.mark.usefixtures("signing_store")
def test_clock_skew_is_explained(call: Call) -> None:
    for seconds, word in ((-1000, "behind"), (1000, "ahead")):
        message = error_of(call("/customers", raw=_RAW, **signed(_RAW, seconds=seconds)))["message"]
        assert re.search(rf"is (999|1,00[01]) seconds {word}", message), message
        assert "300" in message
    in_milliseconds = call("/customers", raw=_RAW, **(signed(_RAW) | {"webhook_timestamp": "1795876799000"}))
    assert "in seconds since 1970" in error_of(in_milliseconds)["message"]
    texts = [event["explanation"]["text"] for event in call("/events", **signed(b"")).get_json()["events"]]
    words = [re.search("behind|ahead|in seconds", text)[0] for text in texts]
    assert words == ["behind", "ahead", "in seconds"]


def test_optional_signature_is_checked_when_it_is_there(call: Call, signing_store: Store) -> None:
    Store.update(signature_required=False).where(Store.id == signing_store.id).execute()
    assert call("/customers", raw=_RAW).status_code == 200
    assert call("/customers", raw=_RAW, **signed(_RAW + b" ")).status_code == 401
    Store.update(signing_secret=None).where(Store.id == signing_store.id).execute()
    refused = call("/customers", raw=_RAW, **signed(_RAW))
    assert error_of(refused)["code"] == "store_signature_unexpected"
