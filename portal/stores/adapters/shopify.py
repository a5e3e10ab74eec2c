"""Shopify: signed webhooks announce a change, and the order is read by GraphQL.

A webhook that is repeated carries its old payload, so only the order's id is read. Ids exceed 2**53 and stay text.
See docs/stores/shopify.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from portal.stores.adapters.asking import ask_graphql, documented_answer, post_api
from portal.stores.adapters.exact_json import parse_exact_json
from portal.stores.adapters.forms import documented_form
from portal.stores.adapters.protocol import (
    ORDER_GONE,
    ORDER_UNREADABLE,
    Delivery,
    DeliveryRefused,
    DeliveryUnreadable,
    Fetch,
    Ignored,
    Reading,
    StoreApi,
    StoreRefused,
    StoreUnreachable,
    Verified,
)
from portal.stores.adapters.shopify_order import TRANSACTIONS_MAX, Part, number_of, read_order

PAGE = 100
# Shopify refuses a query of more than 1,000 points, and each object that it may return is one: nine for each line.
LINES_PAGE = 40
# A shop's points come back by 50 to 100 a second.
_WAITS = (2.0, 4.0, 8.0)
_THROTTLED = "GraphQL: Throttled"
_TOKEN, _TOKEN_PATH = "shpat_", "admin/oauth/access_token"
_PATH = "admin/api/2026-07/graphql.json"
_MONEY = "{ shopMoney { amount } }"
_LINES = f"""
  lineItems(first: {LINES_PAGE}, after: $after) {{
    pageInfo {{ hasNextPage endCursor }}
    nodes {{ id sku name vendor quantity currentQuantity originalTotalSet {_MONEY}
             discountAllocations {{ allocatedAmountSet {_MONEY} }} taxLines {{ priceSet {_MONEY} }} }}
  }}
"""
_ORDER = f"""query Order($id: ID!, $after: String) {{ order(id: $id) {{
  id name test createdAt updatedAt cancelledAt currencyCode taxesIncluded fullyPaid email discountCodes
  customAttributes {{ key value }}
  customerJourneySummary {{ firstVisit {{ landingPage }} }}
  customer {{ id }}
  totalReceivedSet {_MONEY} totalPriceSet {_MONEY} totalTipReceivedSet {_MONEY}
  totalCashRoundingAdjustment {{ paymentSet {_MONEY} }}
  shippingLines(first: 10) {{ nodes {{ discountedPriceSet {_MONEY} taxLines {{ priceSet {_MONEY} }} }} }}
  transactions(first: {TRANSACTIONS_MAX}) {{ id kind status processedAt amountSet {_MONEY} }}
  {_LINES}
}} }}"""
_CHANGED = f"""query Changed($query: String!, $after: String) {{
  orders(first: {PAGE}, after: $after, query: $query, sortKey: UPDATED_AT) {{
    pageInfo {{ hasNextPage endCursor }} nodes {{ id }}
  }}
}}"""
# The topics about an order, and the member with its id.
_TOPICS = {
    **dict.fromkeys(("orders/create", "orders/updated", "orders/paid", "orders/partially_paid"), "id"),
    **dict.fromkeys(("orders/cancelled", "orders/fulfilled", "orders/delete"), "id"),
    **dict.fromkeys(("orders/edited", "refunds/create", "order_transactions/create"), "order_id"),
}


class Shopify:
    """The platform: webhooks of orders and refunds, and the GraphQL admin API."""

    name = "shopify"
    label = "Shopify"
    credential_names = ("client_id", "client_secret")

    def __init__(self, waits: tuple[float, ...] = _WAITS) -> None:
        self._waits = waits

    def verify(self, delivery: Delivery, secrets: tuple[str, ...], now: datetime) -> Verified | Ignored:
        """Return a delivery signed with the secret of the app; raise DeliveryRefused or DeliveryUnreadable."""
        signature = delivery.header("x-shopify-hmac-sha256")
        if not signature:
            raise DeliveryRefused(reason="signature_missing")
        if not secrets:
            raise DeliveryRefused(reason="secret_missing")
        expected = [
            base64.b64encode(hmac.digest(secret.encode(), delivery.body, hashlib.sha256))
            for secret in secrets
        ]
        if not any(hmac.compare_digest(one, signature.encode()) for one in expected):
            raise DeliveryRefused(reason="signature_wrong")
        content = parse_exact_json(delivery.body)
        if not isinstance(content, dict):
            raise DeliveryUnreadable(detail="not an object")
        return Verified(delivery.header("x-shopify-topic"), content)

    def read(self, verified: Verified) -> Reading | Fetch | Ignored:
        """Return which order to ask for; raise DeliveryUnreadable."""
        member = _TOPICS.get(verified.kind)
        if member is None:
            return Ignored("other_topic")
        # The only topic whose body is wrapped.
        content = verified.content.get("order_edit", verified.content)
        number = content.get(member) if isinstance(content, dict) else None
        if not isinstance(number, int) or isinstance(number, bool):
            raise DeliveryUnreadable(detail=f"{member}: no order")
        return Fetch(external_id=str(number), is_gone=verified.kind == "orders/delete")

    def fetch(self, api: StoreApi, wanted: Fetch) -> Reading | Ignored:
        """Return the present state of an order; raise StoreUnreachable or StoreRefused."""
        number = wanted.external_id or ""
        if not (number.isascii() and number.isdecimal()):
            return Ignored(ORDER_GONE)
        api = _signed_in(api)
        order = self._ask(api, _ORDER, {"id": f"gid://shopify/Order/{number}"}).get("order")
        if order is None:
            return Ignored(ORDER_GONE)
        try:
            with documented_form():
                return read_order(order, [*order["lineItems"]["nodes"], *self._more_lines(api, order)])
        except DeliveryUnreadable as error:
            return Ignored(ORDER_UNREADABLE, number, str(error.params["detail"]))

    def changed_since(self, api: StoreApi, since: datetime) -> Iterator[Reading | Ignored]:
        """Yield the orders changed since a time; raise StoreUnreachable or StoreRefused."""
        api = _signed_in(api)
        moment = since.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        more, after = True, None
        while more:
            answer = self._ask(api, _CHANGED, {"query": f"updated_at:>='{moment}'", "after": after})
            with documented_answer():
                page = answer["orders"]
                numbers = [number_of(node["id"]) for node in page["nodes"]]
                more, after = page["pageInfo"]["hasNextPage"], page["pageInfo"]["endCursor"]
            for number in numbers:
                yield self.fetch(api, Fetch(external_id=number))

    def _more_lines(self, api: StoreApi, order: Part) -> Iterator[Part]:
        page = order["lineItems"]["pageInfo"]
        while page["hasNextPage"]:
            variables = {"id": order["id"], "after": page["endCursor"]}
            again = self._ask(api, _ORDER, variables)["order"]["lineItems"]
            yield from again["nodes"]
            page = again["pageInfo"]

    def _ask(self, api: StoreApi, query: str, variables: Mapping[str, object]) -> dict[str, Any]:
        """Return the data of an answer; where the shop's points are used up, wait until some have come back."""
        for wait in self._waits:
            try:
                return _data(api, query, variables)
            except StoreUnreachable as error:
                if error.params["detail"] != _THROTTLED:
                    raise
            time.sleep(wait)
        return _data(api, query, variables)


def _signed_in(api: StoreApi) -> StoreApi:
    """Return the API with an access token, which an app gets for a day; raise StoreUnreachable or StoreRefused.

    Apps that were made in a shop's admin until 2025 have one that does not expire, in place of a client secret.
    """
    if "access_token" in api.credentials:
        return api
    client = {name: api.credentials.get(name, "") for name in ("client_id", "client_secret")}
    token = client["client_secret"]
    if not token.startswith(_TOKEN):
        try:
            answer = post_api(api, _TOKEN_PATH, {**client, "grant_type": "client_credentials"}, {})
        except StoreUnreachable as error:
            if error.params["detail"] == "HTTP 400":  # such as an app that is not installed
                raise StoreRefused from None
            raise
        with documented_answer():
            token = str(answer["access_token"])
    return replace(api, credentials={"access_token": token})


def _data(api: StoreApi, query: str, variables: Mapping[str, object]) -> dict[str, Any]:
    headers = {"X-Shopify-Access-Token": api.credentials.get("access_token", "")}
    data: dict[str, Any] = ask_graphql(api, _PATH, query, variables, headers)
    return data
