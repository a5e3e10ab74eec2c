"""Customers of connected stores are forgotten by their key, and the amounts of their orders stay."""

from __future__ import annotations

import pytest

from models import Customer, EventLog, Order, Refcode, StoreEvent, StoreOrder, StoreReferrer
from portal.db import query
from portal.db.checks import run_checks
from portal.flows.personal_data.erase import ErasurePrevented
from portal.flows.personal_data.erase_customer import CustomerUnidentified, StoreIdentity, erase_customer
from portal.flows.stores.store_referrers import ensure_store_referrer
from tests.factories import ACTOR, make_reward, make_store
from tests.flows.stores.conftest import Shop

EMAIL, ID = "buyer@example.test", "crm-77"
WALLET = "0x52908400098527886E0F7030069857D2E4169EE7"
BUYER = {"email": EMAIL, "externalId": ID, "walletAddress": WALLET}


def secret_of(shop: Shop) -> str:
    return shop.settings.secret_key.get_secret_value()


def erase(shop: Shop, email: str = EMAIL, external_id: str = ID) -> int:
    return erase_customer(shop.store.id, StoreIdentity(email, external_id), secret_of(shop), ACTOR)


def found(text: str) -> list[str]:
    tables = ("customers", "store_orders", "store_events", "store_referrers", "orders")
    return [
        table
        for table in tables
        if query(f"SELECT 1 FROM {table} AS t WHERE strpos(lower(t::text), lower(%s)) > 0 LIMIT 1", [text])
    ]


def test_nothing_matches_an_erased_customer(shop: Shop) -> None:
    shop.report(customer=BUYER)
    hashes = [key.partition(":")[2] for (key,) in query("SELECT key FROM customers")]
    assert len(hashes) == 2
    assert {table for each in hashes for table in found(each)} == {
        "customers",
        "store_orders",
        "store_events",
    }
    before = Order.get().paid_minor
    assert erase(shop) == 2
    assert [found(each) for each in (*hashes, WALLET, EMAIL, ID)] == [[]] * 5
    assert Order.get().paid_minor == before
    assert run_checks() == {}
    event = EventLog.get(EventLog.event == "store_customer_erased")
    assert sorted(event.data["customers"]) == sorted(row.id for row in Customer.select())
    assert erase(shop) == 0


def test_the_same_report_again_brings_nothing_back(shop: Shop) -> None:
    shop.report(customer=BUYER)
    erase(shop)
    stored = StoreOrder.get().snapshot
    shop.report(customer=BUYER)
    assert StoreEvent.select().order_by(StoreEvent.id.desc()).first().outcome == "unchanged"
    assert StoreOrder.get().snapshot == stored


def test_order_of_an_erased_customer_is_still_refunded(shop: Shop) -> None:
    shop.report(customer=BUYER)
    erase(shop)
    shop.report(customer={}, version=2, refunds=[{"id": "r1", "amount": "719.98"}])
    assert Order.get().status == "refunded"
    assert run_checks() == {}


def test_other_customers_and_other_stores_keep_their_keys(shop: Shop) -> None:
    shop.report(customer={"email": "another@example.test"})
    elsewhere = make_store()
    Customer.insert(store=elsewhere.id, key="email:same").execute()
    before = sorted(row.key for row in Customer.select())
    assert erase(shop) == 0
    assert sorted(row.key for row in Customer.select()) == before


def test_referrer_inside_the_store_is_forgotten_once_nothing_is_owed(shop: Shop) -> None:
    referrer, code = ensure_store_referrer(shop.store, ID, EMAIL, secret_of(shop))
    reward = make_reward(Refcode.get_by_id(code.code))
    with pytest.raises(ErasurePrevented):
        erase(shop)
    assert StoreReferrer.get_by_id(referrer.id).customer == referrer.customer
    query(
        "UPDATE referral_rewards SET status = 'rejected', failure_reason = 'refunded' WHERE id = %s",
        [reward.id],
    )
    assert erase(shop) == 0
    row = StoreReferrer.get_by_id(referrer.id)
    assert (row.customer, row.email_key, Refcode.get_by_id(code.code).active) == (
        f"erased:{referrer.id}",
        None,
        False,
    )
    again, another = ensure_store_referrer(shop.store, ID, EMAIL, secret_of(shop))
    assert (again.id != referrer.id, another.code != code.code) == (True, True)


def test_a_customer_has_to_be_named(shop: Shop) -> None:
    with pytest.raises(CustomerUnidentified):
        erase(shop, email=" ", external_id="")
