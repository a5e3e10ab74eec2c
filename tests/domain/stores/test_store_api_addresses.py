"""Outside development a store's API address must not lead into the server's own network."""

from __future__ import annotations

import pytest

from portal.db import SYSTEM
from portal.stores import open_store_api, set_store_api
from portal.stores.adapters.asking import address_of
from portal.stores.adapters.protocol import StoreUnreachable
from portal.stores.queries import get_store
from tests.factories import make_store

KEY = "secret key of the tests"


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:8080",
        "https://127.0.0.1",
        "https://localhost",
        "https://10.1.2.3",
        "https://192.168.1.1/shop",
        "https://169.254.169.254",
        "https://[::1]",
        "https://[::ffff:10.0.0.1]",
        "https://100.64.0.1",
        "https://no-such-name.invalid",
    ],
)
def test_private_address_is_refused(database: str, url: str) -> None:
    store = make_store(platform="woocommerce")
    set_store_api(store.id, url, {}, KEY, SYSTEM)
    api = open_store_api(get_store(store.id), KEY, allow_private=False)
    assert api is not None
    with pytest.raises(StoreUnreachable):
        address_of(api, "orders")


def test_public_address_is_accepted(database: str) -> None:
    store = make_store(platform="woocommerce")
    set_store_api(store.id, "https://93.184.215.14/", {}, KEY, SYSTEM)
    api = open_store_api(get_store(store.id), KEY, allow_private=False)
    assert api is not None
    assert address_of(api, "orders") == "https://93.184.215.14/orders"
