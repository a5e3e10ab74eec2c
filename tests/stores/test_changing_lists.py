"""Stores whose orders change while the portal reads their lists page after page: none is skipped."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from portal.stores.adapters.horoshop import Horoshop
from portal.stores.adapters.keycrm import KeyCrm
from portal.stores.adapters.medusa import Medusa
from portal.stores.adapters.protocol import StoreAdapter, StoreApi, StoreUnreachable
from portal.stores.adapters.vendure import Vendure
from portal.stores.adapters.woocommerce import WooCommerce
from tests.support.store_api import Asked, FakeApi, open_store_api

START = datetime(2026, 11, 28, 12, tzinfo=UTC)
PAGE = 50
COUNT = 2 * PAGE + 7
# Since when a page is asked for, how many are left out of it, and how it is answered.
Page = tuple[datetime, int, Callable[[list[dict[str, Any]]], object]]


def medusa(asked: Asked) -> Page:
    since = datetime.fromisoformat(asked.arguments["updated_at[$gte]"])
    kind = asked.path.rpartition("/")[2]
    return (since, int(asked.arguments["offset"]), lambda found: {kind: found if kind == "orders" else []})


def vendure(asked: Asked) -> Page:
    options = asked.arguments["variables"]["options"]
    after = datetime.fromisoformat(options["filter"]["_or"][0]["updatedAt"]["after"])
    since = after + timedelta(microseconds=1)
    return (since, options["skip"], lambda found: {"data": {"orders": {"items": found}}})


def keycrm(asked: Asked) -> Page:
    since = datetime.fromisoformat(asked.arguments["filter[updated_between]"].split(",")[0]).replace(
        tzinfo=UTC
    )
    return (since, PAGE * (int(asked.arguments["page"]) - 1), lambda found: {"data": found})


def woocommerce(asked: Asked) -> Page:
    after = datetime.fromisoformat(asked.arguments["modified_after"]).replace(tzinfo=UTC)
    since = after + timedelta(microseconds=1)
    return (since, PAGE * (int(asked.arguments["page"]) - 1), lambda found: found)


PLATFORMS = {Medusa: medusa, Vendure: vendure, KeyCrm: keycrm, WooCommerce: woocommerce}


def adapter_of(platform: type, api: FakeApi) -> StoreAdapter:
    found: StoreAdapter = platform(api.url) if platform is KeyCrm else platform()
    return found


def order(number: int, moment: datetime) -> dict[str, Any]:
    """Return an order that says when it changed and nothing else, so that it is found and cannot be read."""
    text = moment.isoformat().replace("+00:00", "")
    times = {"updated_at": f"{text}Z", "updatedAt": f"{text}Z", "date_modified_gmt": text}
    return {"id": number, "code": str(number), "at": moment.isoformat(), "currency_code": "UAH", **times}


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize("together", [1, PAGE + 20], ids=["each second", "many in one second"])
def test_order_that_changes_between_two_pages_hides_no_other(platform: type, together: int) -> None:
    orders = {number: order(number, START + timedelta(seconds=number // together)) for number in range(COUNT)}
    pages = 0

    def answer(asked: Asked) -> object:
        nonlocal pages
        since, skip, body = PLATFORMS[platform](asked)
        changed = [one for one in orders.values() if datetime.fromisoformat(one["at"]) >= since]
        found = sorted(changed, key=lambda one: one["at"])[skip : skip + PAGE]
        if len(found) == PAGE:
            pages += 1
            # Some that the portal has read change again, and move to the end.
            for number in range(3 * pages, 3 * pages + 3 // together):
                orders[number] = order(number, START + timedelta(hours=1, seconds=number))
        return body(found)

    with open_store_api(answer) as api:
        found = list(adapter_of(platform, api).changed_since(StoreApi(api.url, {"currency": "UAH"}), START))
    assert {one.external_id for one in found} == set(map(str, range(COUNT)))  # type: ignore[union-attr]
    assert pages >= 2


@pytest.mark.parametrize("platform", PLATFORMS)
def test_list_that_begins_again_with_each_page_is_an_error(platform: type) -> None:
    same = [order(number, START) for number in range(PAGE)]
    with open_store_api(lambda asked: PLATFORMS[platform](asked)[2](same)) as api:
        store = StoreApi(api.url, {"currency": "UAH"})
        with pytest.raises(StoreUnreachable) as unreachable:
            list(adapter_of(platform, api).changed_since(store, START))
    assert unreachable.value.params["detail"] == "its pages repeat"


def test_horoshop_may_give_less_than_a_page_and_ends_with_what_is_known() -> None:
    orders = [{"order_id": number} for number in range(25)]

    def answer(asked: Asked) -> object:
        offset = asked.arguments.get("offset", 0)
        response = {"token": "t", "orders": orders[offset : offset + 10] or orders[:10]}
        return {"status": "OK", "response": response}

    with open_store_api(answer) as api:
        found = list(Horoshop().changed_since(StoreApi(api.url, {}), START))
    assert [one.external_id for one in found] == list(map(str, range(25)))  # type: ignore[union-attr]
