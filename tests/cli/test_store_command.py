"""`flask store`: connect stores and handle their keys; every refusal is a sentence."""

from __future__ import annotations

import json

import pytest
from flask import Flask

from models import Customer, PaymentRefund, Store, StoreKey, Vendor
from portal.db import connection
from portal.stores import (
    ORDERS_READ,
    ORDERS_WRITE,
    StoreKeyInvalid,
    customer_keys,
    email_digest,
    get_key,
    open_store_api,
    signing_secrets,
    webhook_path,
    webhook_secrets,
)
from portal.stores.adapters.registry import list_platforms
from tests.cli.conftest import MakePortal, invoke
from tests.factories import make_code, make_store, make_user, make_vendor
from tests.flows.conftest import settings_with
from tests.flows.stores.conftest import Shop


@pytest.fixture
def app(database: str, make_portal: MakePortal) -> Flask:
    return make_portal(app_url="https://portal.example")


def test_store_is_connected_and_gets_keys(app: Flask) -> None:
    created = invoke(app, "store", "create", "Mugs", "--platform", "WooCommerce", "--origin", "https://Mugs.example/shop",
                     "--json")  # fmt: skip
    facts = json.loads(created.output)
    store = Store.get_by_id(facts["id"])
    assert (store.platform, store.collected_by, store.origins) == (
        "woocommerce",
        "store",
        ["https://mugs.example"],
    )
    assert facts["webhookUrl"] == f"https://portal.example/hooks/{store.public_id}/woocommerce"
    assert Vendor.get_by_id(facts["vendorId"]).name == "Mugs"
    made = json.loads(
        invoke(app, "store", "key", "create", store.public_id, "--mode", "test", "--json").output
    )
    assert get_key(made["key"], ORDERS_WRITE).id == made["id"]
    narrow = invoke(app, "store", "key", "create", str(store.id), "--scope", ORDERS_READ)
    assert narrow.output.startswith("Key ")
    listed = json.loads(invoke(app, "store", "key", "list", str(store.id), "--json").output)
    assert (listed[0]["mode"], listed[0]["scopes"]) == ("live", [ORDERS_READ])
    assert invoke(app, "store", "key", "revoke", str(store.id), str(made["id"])).exit_code == 0
    with pytest.raises(StoreKeyInvalid):
        get_key(made["key"], ORDERS_WRITE)
    assert store.public_id in invoke(app, "store", "list").output


def test_store_of_a_known_vendor(app: Flask) -> None:
    vendor = make_vendor()
    facts = json.loads(invoke(app, "store", "create", "Mugs", "--vendor", str(vendor.id), "--json").output)
    assert (facts["vendorId"], facts["platform"], Vendor.select().count()) == (vendor.id, "api", 1)


def test_disconnected_store_has_no_valid_key(app: Flask) -> None:
    facts = json.loads(invoke(app, "store", "create", "Mugs", "--json").output)
    invoke(app, "store", "key", "create", facts["publicId"])
    assert "is disconnected" in invoke(app, "store", "disconnect", facts["publicId"]).output
    assert "already" in invoke(app, "store", "disconnect", facts["publicId"]).output
    assert not StoreKey.select().where(StoreKey.revoked_at.is_null()).exists()


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (["create", " "], "name: A name has 1 to 100 characters."),
        (["create", "Mugs", "--platform", "cardboard"], "platform: Choose one of: woocommerce, "),
        (
            ["create", "Mugs", "--origin", "http://shop.example"],
            "origins: “http://shop.example” is not the address",
        ),
        (["create", "Mugs", "--origin", "https://*.shop.example"], "is not the address"),
        (["create", "Mugs", "--vendor", "99"], "default_vendor: This vendor does not exist."),
        (["create", "Mugs", "--collected-by", "nobody"], "collected_by: Choose one of: store, platform"),
        (["key", "create", "nowhere"], "This store does not exist."),
        (["key", "revoke", "1", "1"], "no such key"),
    ],
    ids=["name", "platform", "http", "wildcard", "vendor", "collected", "store", "key"],
)
def test_bad_input_is_refused(app: Flask, arguments: list[str], part: str) -> None:
    result = invoke(app, "store", *arguments)
    assert result.exit_code != 0
    assert part in result.output
    assert (Store.select().count(), Vendor.select().count()) == (1, 0)


def test_a_third_valid_key_is_refused(app: Flask) -> None:
    facts = json.loads(invoke(app, "store", "create", "Mugs", "--json").output)
    results = [invoke(app, "store", "key", "create", facts["publicId"]) for _ in range(3)]
    assert [result.exit_code for result in results] == [0, 0, 1]
    assert "at most 2 valid keys" in results[2].output


def test_secret_of_webhooks_and_credentials_are_set(app: Flask) -> None:
    facts = json.loads(invoke(app, "store", "create", "Mugs", "--platform", "woocommerce", "--json").output)
    made = json.loads(invoke(app, "store", "secret", facts["publicId"], "--json").output)
    assert made["webhookUrl"] == facts["webhookUrl"]
    given = invoke(app, "store", "secret", facts["publicId"], "--stdin", typed="lab-secret\n")
    assert given.output.endswith("The secret is saved.\n")
    store, key = Store.get_by_id(facts["id"]), app.config["SECRET_KEY"]
    assert webhook_secrets(store, key) == ("lab-secret", made["secret"])
    refused = invoke(app, "store", "api", facts["publicId"], "https://mugs.example", "--credential", "x=1")
    assert "--credential: Choose one of: consumer_key=..., consumer_secret=..." in refused.output
    saved = invoke(
        app, "store", "api", facts["publicId"], "https://mugs.example",
        "--credential", "consumer_key=ck_1", "--credential", "consumer_secret=cs=2",
    )  # fmt: skip
    assert saved.exit_code == 0, saved.output
    api = open_store_api(Store.get_by_id(facts["id"]), key, allow_private=False)
    assert api is not None
    assert (api.url, api.credentials["consumer_secret"]) == ("https://mugs.example", "cs=2")


def test_signing_secret_is_created_required_and_rotated(app: Flask) -> None:
    store = str(json.loads(invoke(app, "store", "create", "Mugs", "--json").output)["id"])
    key = app.extensions["portal"].settings.stored_key
    early = invoke(app, "store", "signing", store, "--required")
    assert (early.exit_code, "Create a signing secret first." in early.output) == (1, True)
    first, second = (
        json.loads(invoke(app, "store", "signing", store, "--json").output)["secret"] for _ in range(2)
    )
    assert signing_secrets(Store.get_by_id(store), key) == (second, first)
    ended = invoke(app, "store", "signing", store, "--end-previous", "--required")
    assert ended.output == "The previous secret is revoked.\nUnsigned requests are refused.\n"
    assert signing_secrets(Store.get_by_id(store), key) == (second,)
    assert Store.get_by_id(store).signature_required
    assert "accepted" in invoke(app, "store", "signing", store, "--optional").output


_WITH_WEBHOOKS = {"woocommerce", "medusa", "vendure", "shopify", "stripe", "saleor"}
_WITH_OWN_SECRET = {"shopify", "stripe", "saleor"}


def test_webhook_address_is_printed_where_the_platform_has_webhooks(app: Flask) -> None:
    for platform in list_platforms():
        facts = json.loads(invoke(app, "store", "create", "Mugs", "--platform", platform, "--json").output)
        store = Store.get_by_id(facts["id"])
        path, has_webhooks = webhook_path(store), platform in _WITH_WEBHOOKS
        url = f"https://portal.example/hooks/{store.public_id}/{platform}" if has_webhooks else None
        assert (facts["webhookUrl"], path and f"https://portal.example{path}") == (url, url), platform
        in_words = invoke(app, "store", "create", "Mugs", "--platform", platform).output
        assert ("/hooks/" in in_words, "--stdin" in in_words) == (has_webhooks, platform in _WITH_OWN_SECRET)
        assert ("store api" in in_words) == (platform not in ("api", "django_oscar"))
        new = invoke(app, "store", "secret", facts["publicId"])
        assert (new.exit_code == 0) == (platform in _WITH_WEBHOOKS - _WITH_OWN_SECRET), new.output
        given = invoke(app, "store", "secret", facts["publicId"], "--stdin", typed="lab-secret\n")
        assert ("accepts no webhooks" in given.output) == (not has_webhooks), given.output
        assert ("/hooks/" in given.output) == has_webhooks


def test_customer_is_erased_by_command(app: Flask) -> None:
    store = json.loads(invoke(app, "store", "create", "Mugs", "--json").output)
    options = ("store", "erase-customer", str(store["id"]), "--email", "buyer@example.com")
    key = app.extensions["portal"].settings.secret_key.get_secret_value()
    (known,) = customer_keys(
        store["id"], key, email_sha256=email_digest("Buyer@example.com"), external_id=None
    )
    Customer.insert(store=store["id"], key=known).execute()
    assert "The customer is erased." in invoke(app, *options).output
    assert "no such customer" in invoke(app, *options).output
    unnamed = invoke(app, *options[:3])
    assert (unnamed.exit_code, "Identify the customer" in unnamed.output) == (1, True)


def test_a_reported_amount_is_corrected_by_command(app: Flask) -> None:
    with connection():
        vendor = make_vendor()
        shop = Shop(make_store(vendor), vendor, make_code(make_user("Referrer")), settings_with())
        shop.report()
        reference = shop.order().order_reference
    for _again in range(2):
        result = invoke(app, "store", "correct", reference, "100", "--reason", "a wrong price")
        assert (result.exit_code, result.output) == (0, f"100.00 UAH taken off {reference}.\n"), result.output
    with connection():
        assert [row.amount_minor for row in PaymentRefund.select()] == [10_000]
    refused = invoke(app, "store", "correct", reference, "620", "--reason", "more than is left")
    assert (refused.exit_code, "619.98" in refused.output) == (1, True), refused.output
