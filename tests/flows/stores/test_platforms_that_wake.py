"""A signed delivery that only names an order: the store's API is asked, and both ledgers have the order."""

from __future__ import annotations

from decimal import Decimal

from models import Order, ReferralReward, Settlement
from portal.chain import open_chain
from portal.db import SYSTEM
from portal.flows.stores.ask_store import settle_fetches
from portal.flows.stores.receive_delivery import receive_delivery
from portal.lib.money import to_major
from portal.stores import rotate_webhook_secret, set_store_api
from portal.stores.adapters.protocol import Delivery
from tests.factories import make_code, make_store, make_user
from tests.flows.conftest import settings_with
from tests.support.captures import vector
from tests.support.shopify import NUMBER, ORDER
from tests.support.store_api import open_store_api


def test_delivery_of_shopify_wakes_the_portal_which_reads_the_order(database: str) -> None:
    settings = settings_with()
    chain, key = open_chain(settings), settings.secret_key.get_secret_value()
    given, store = vector("shopify"), make_store(platform="shopify")
    rotate_webhook_secret(store.id, key, SYSTEM, given["secret"])
    make_code(make_user("Anna"), code="Ab3dE5gH")
    delivery = Delivery(
        {name.lower(): value for name, value in given["headers"].items()}, given["body"].encode()
    )
    with open_store_api(lambda _: {"data": {"order": ORDER}}) as api:
        set_store_api(store.id, api.url, {"access_token": "shpat_1"}, key, SYSTEM)
        assert receive_delivery(store.public_id, "shopify", delivery, chain, settings) == "waiting"
        assert settle_fetches(chain, settings) == 1
    order = Order.get()
    assert (order.external_id, order.status, order.referral_code) == (NUMBER, "paid", "Ab3dE5gH")
    # 100.00 of 720.00 came back, and so the same share of the goods.
    [settlement] = Settlement.select()
    assert to_major(settlement.amount_minor, "UAH") == Decimal("550") - Decimal("76.39")
    assert ReferralReward.select().count() == 1
