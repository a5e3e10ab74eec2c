"""`flask store poll` reads what changed in a store at once and says how much."""

from __future__ import annotations

from models import Store
from portal.db import SYSTEM, connection
from portal.stores import set_store_api
from tests.cli.conftest import MakePortal, invoke
from tests.factories import make_store
from tests.support.woocommerce import CREDENTIALS, recorded_answer, running_shop

KEY = "secret key of the tests"


def test_changes_are_read_at_once(make_portal: MakePortal) -> None:
    app = make_portal(secret_key=KEY)
    with running_shop() as shop, connection():
        store = make_store(platform="woocommerce")
        Store.update(created_at="2026-11-28T12:00:00Z").where(Store.id == store.id).execute()
        set_store_api(store.id, shop.url, CREDENTIALS, KEY, SYSTEM)
        shop.show(recorded_answer("order_partial_refund"), recorded_answer("refunds"))
        first = invoke(app, "store", "poll", str(store.id))
        assert (first.exit_code, first.output) == (0, "Orders read: 1; new or changed: 1.\n")
        again = invoke(app, "store", "poll", store.public_id)
        assert again.output == "Orders read: 1; new or changed: 0.\n"
        shop.failure = (503, {}, 1)
        failed = invoke(app, "store", "poll", store.public_id)
        assert failed.exit_code == 1
        assert "The store’s API returned an unusable response: HTTP 503." in failed.output
