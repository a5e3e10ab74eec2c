"""POST /api/v1/customers: earlier buyers of a store, as hashes or ids, once each."""

from __future__ import annotations

import hashlib

from flask import Flask

from models import Customer, EventLog, Refcode, Store
from portal.stores import customer_keys
from tests.factories import make_store
from tests.web.api.v1.conftest import Call
from tests.web.api.v1.test_reported_orders import snapshot
from tests.web.visitor import error_of


def hash_of(email: str) -> str:
    return hashlib.sha256(email.encode()).hexdigest()


def marked(store: Store) -> set[str]:
    rows = Customer.select(Customer.key).where((Customer.store == store.id) & Customer.bought_before)
    return {row.key for row in rows}


def test_earlier_buyers_are_imported_once(call: Call, store: Store) -> None:
    buyers = [{"emailHash": hash_of(f"buyer{number}@example.test")} for number in range(3)]
    both = {
        "customers": [
            *buyers,
            {"externalId": "17"},
            buyers[0] | {"emailHash": buyers[0]["emailHash"].upper()},
        ]
    }
    assert call("/customers", both).get_json() == {"imported": 4, "known": 0, "live": True}
    assert call("/customers", both).get_json() == {"imported": 0, "known": 4, "live": True}
    more = {"customers": [*buyers, {"externalId": "18"}]}
    assert call("/customers", more).get_json() == {"imported": 1, "known": 3, "live": True}
    assert len(marked(store)) == 5
    assert EventLog.select().where(EventLog.event == "store_customers_imported").count() == 2
    text = str([row.__data__ for row in Customer.select()])
    assert "buyer" not in text
    assert buyers[0]["emailHash"] not in text


def test_customer_who_ordered_already_is_marked(call: Call, app: Flask, store: Store) -> None:
    secret = app.extensions["portal"].settings.secret_key.get_secret_value()
    (key,) = customer_keys(store.id, secret, email_sha256=None, external_id="17")
    Customer.insert(store=store.id, key=key).execute()
    assert call("/customers", {"customers": [{"externalId": "17"}]}).get_json()["imported"] == 1
    assert marked(store) == {key}


def test_stores_do_not_share_their_buyers(call: Call, store: Store) -> None:
    other = make_store()
    call("/customers", {"customers": [{"emailHash": hash_of("buyer@example.test")}]})
    assert marked(store)
    assert not marked(other)


def test_test_key_imports_nothing(call: Call, store: Store, test_key: str) -> None:
    body = {"customers": [{"externalId": "17"}]}
    for _attempt in range(2):
        assert call("/customers", body, key=test_key).get_json() == {"imported": 1, "known": 0, "live": False}
    assert not marked(store)
    assert not EventLog.select().where(EventLog.event == "store_customers_imported").exists()


def test_wrong_buyers_are_named(call: Call, store: Store) -> None:
    rows = [
        {"emailHash": "buyer@example.test"},
        {},
        {"emailHash": "0" * 64, "externalId": "1"},
        {"externalId": 5},
        7,
    ]
    refused = error_of(call("/customers", {"customers": rows}))
    assert refused["code"] == "input_invalid"
    assert refused["fields"] == {
        "customers[0].emailHash": "Send the SHA-256 of the e-mail address in lower case, as 64 hex digits.",
        "customers[1]": "Send either emailHash or externalId.",
        "customers[2]": "Send either emailHash or externalId.",
        "customers[3].externalId": "Send text in quotes.",
        "customers[4]": "Send an object.",
    }
    assert not marked(store)


def test_a_thousand_buyers_fit_and_one_more_does_not(call: Call) -> None:
    rows = [{"emailHash": hash_of(str(number))} for number in range(1_001)]
    refused = call("/customers", {"customers": rows})
    assert (refused.status_code, error_of(refused)["code"]) == (413, "too_many_items")
    assert error_of(refused)["fields"].keys() == {"customers"}
    assert call("/customers", {"customers": rows[:-1]}).get_json()["imported"] == 1_000
    assert call("/customers", {"customers": []}).get_json()["imported"] == 0


def test_imported_buyer_makes_no_first_purchase(call: Call, code: Refcode) -> None:
    rows = [{"emailHash": hash_of("buyer@xn--mnchen-3ya.example")}, {"externalId": "c-2"}]
    call("/customers", {"customers": rows})
    buyers = (
        ({"email": " Buyer@M\u00dcNCHEN.example "}, "not_first_purchase"),
        ({"email": "new@example.test", "externalId": "c-2"}, "not_first_purchase"),
        ({"email": "other@example.test"}, None),
        ({}, None),
    )
    for number, (customer, reason) in enumerate(buyers):
        answer = call("/orders", snapshot(code, externalId=str(number), customer=customer)).get_json()
        assert (answer["referralReason"], answer["referralApplied"]) == (reason, reason is None), customer
