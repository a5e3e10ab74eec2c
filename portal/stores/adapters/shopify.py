"""Shopify: signed webhooks announce a change, and the order is read by GraphQL.

A webhook that is repeated carries its old payload, so only the order's id is read. Ids exceed 2**53 and stay text.
See docs/stores/shopify.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl

from portal.lib.urls import split_url
from portal.stores.adapters.asking import ask_graphql, documented_answer
from portal.stores.adapters.exact_json import parse_exact_json
from portal.stores.adapters.forms import (
    CODE_KEYS,
    LABEL_KEYS,
    NAME_MAX,
    TEXT_MAX,
    amount_text,
    coupons,
    documented_form,
    first_text,
    latest,
    money,
    payment_state,
    refund,
    time_of,
    version_of,
)
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
    Verified,
)
from portal.stores.snapshots import OrderSnapshot, SnapshotCustomer, SnapshotLine

PAGE = 100
_PATH = "admin/api/2026-07/graphql.json"
_LANDING_PARAMETERS = ("REF", "ref", "ring_ref")
_MONEY = "{ shopMoney { amount } }"
_LINES = f"""
  lineItems(first: {PAGE}, after: $after) {{
    pageInfo {{ hasNextPage endCursor }}
    nodes {{ id sku name vendor quantity originalTotalSet {_MONEY}
             discountAllocations {{ allocatedAmountSet {_MONEY} }} taxLines {{ priceSet {_MONEY} }} }}
  }}
"""
_ORDER = f"""query Order($id: ID!, $after: String) {{ order(id: $id) {{
  id name test createdAt updatedAt cancelledAt currencyCode taxesIncluded email discountCodes
  customAttributes {{ key value }}
  customerJourneySummary {{ firstVisit {{ landingPage }} }}
  customer {{ id }}
  totalReceivedSet {_MONEY}
  shippingLines(first: 50) {{ nodes {{ discountedPriceSet {_MONEY} taxLines {{ priceSet {_MONEY} }} }} }}
  transactions(first: 250) {{ id kind status processedAt amountSet {_MONEY} }}
  {_LINES}
}} }}"""
_CHANGED = f"""query Changed($query: String!, $after: String) {{
  orders(first: {PAGE}, after: $after, query: $query, sortKey: UPDATED_AT) {{
    pageInfo {{ hasNextPage endCursor }} nodes {{ id }}
  }}
}}"""
_ORDER_TOPICS = ("orders/create", "orders/updated", "orders/paid", "orders/edited", "orders/cancelled")
Part = Mapping[str, Any]


class Shopify:
    """The platform: webhooks of orders and refunds, and the GraphQL admin API."""

    name = "shopify"
    label = "Shopify"
    credential_names = ("access_token",)

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
        if verified.kind == "refunds/create":
            number = verified.content.get("order_id")
        elif verified.kind in _ORDER_TOPICS:
            number = verified.content.get("id")
        else:
            return Ignored("other_topic")
        if not isinstance(number, int) or isinstance(number, bool):
            raise DeliveryUnreadable(detail="id: no order")
        return Fetch(external_id=str(number))

    def fetch(self, api: StoreApi, wanted: Fetch) -> Reading | Ignored:
        """Return the present state of an order; raise StoreUnreachable or StoreRefused."""
        number = wanted.external_id or ""
        if not (number.isascii() and number.isdecimal()):
            return Ignored(ORDER_GONE)
        order = _ask(api, _ORDER, {"id": f"gid://shopify/Order/{number}"}).get("order")
        if order is None:
            return Ignored(ORDER_GONE)
        try:
            with documented_form():
                return _reading(order, [*order["lineItems"]["nodes"], *_more_lines(api, order)])
        except DeliveryUnreadable as error:
            return Ignored(ORDER_UNREADABLE, number, str(error.params["detail"]))

    def changed_since(self, api: StoreApi, since: datetime) -> Iterator[Reading | Ignored]:
        """Yield the orders changed since a time; raise StoreUnreachable or StoreRefused."""
        moment = since.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        more, after = True, None
        while more:
            answer = _ask(api, _CHANGED, {"query": f"updated_at:>='{moment}'", "after": after})
            with documented_answer():
                page = answer["orders"]
                numbers = [_number(node["id"]) for node in page["nodes"]]
                more, after = page["pageInfo"]["hasNextPage"], page["pageInfo"]["endCursor"]
            for number in numbers:
                yield self.fetch(api, Fetch(external_id=number))


def _reading(order: Part, nodes: list[Part]) -> Reading:
    currency = order["currencyCode"]
    included = bool(order["taxesIncluded"])
    lines = tuple(_line(node, included) for node in nodes)
    shipping = sum((_shipping(node, included) for node in order["shippingLines"]["nodes"]), Decimal(0))
    paid = _amount(order["totalReceivedSet"])
    cancelled = bool(order.get("cancelledAt"))
    status, paid_text = payment_state(lines, shipping, paid, currency, cancelled=cancelled)
    settled = [one for one in order["transactions"] if one["status"] == "SUCCESS"]
    captures = [one["processedAt"] for one in settled if one["kind"] in ("SALE", "CAPTURE")]
    changed_at = latest([order["updatedAt"]])
    attributes = {one["key"]: one["value"] for one in order.get("customAttributes") or []}
    code = first_text(attributes, CODE_KEYS) or _landing_code(order)
    customer = order.get("customer") or {}
    snapshot = OrderSnapshot(
        external_id=_number(order["id"]),
        number=str(order.get("name") or "")[:TEXT_MAX],
        version=version_of(changed_at),
        created_at=time_of(order["createdAt"]),
        currency=currency,
        status=status,
        paid_at=latest(captures) if any(captures) else None,
        paid_amount=paid_text,
        referral_code=code,
        code_source="cookie" if code else None,
        coupon_codes=coupons(order.get("discountCodes") or []),
        link_label=first_text(attributes, LABEL_KEYS, 32),
        customer=SnapshotCustomer(
            external_id=_number(customer["id"]) if customer else None, email=order.get("email") or None
        ),
        lines=lines,
        shipping=amount_text(shipping),
        refunds=tuple(
            refund(_number(one["id"]), _amount(one["amountSet"]), one.get("processedAt"))
            for one in settled
            if one["kind"] == "REFUND"
        ),
    )
    return Reading(snapshot, is_test=bool(order["test"]), changed_at=changed_at)


def _line(node: Part, included: bool) -> SnapshotLine:
    discounts = [_amount(part["allocatedAmountSet"]) for part in node.get("discountAllocations") or []]
    after = _amount(node["originalTotalSet"]) - sum(discounts, Decimal(0))
    tax = _taxes(node)
    return SnapshotLine(
        external_id=_number(node["id"]),
        sku=str(node.get("sku") or "")[:TEXT_MAX],
        name=str(node.get("name") or "")[:NAME_MAX],
        vendor=str(node["vendor"])[:TEXT_MAX] if node.get("vendor") else None,
        quantity=max(1, int(node["quantity"])),
        amount=amount_text(after - tax if included else after),
        tax=amount_text(tax),
    )


def _shipping(node: Part, included: bool) -> Decimal:
    price = _amount(node["discountedPriceSet"])
    return price if included else price + _taxes(node)


def _taxes(node: Part) -> Decimal:
    return sum((_amount(tax["priceSet"]) for tax in node.get("taxLines") or []), Decimal(0))


def _amount(bag: Part) -> Decimal:
    return money(bag["shopMoney"]["amount"])


def _number(gid: str) -> str:
    """Return the number at the end of a global id, as text: gid://shopify/Order/820982911946154508."""
    return gid.rpartition("/")[2].partition("?")[0]


def _landing_code(order: Part) -> str | None:
    """Return the code in the landing page of the visit, because Shopify sometimes loses cart attributes."""
    visit = ((order.get("customerJourneySummary") or {}).get("firstVisit")) or {}
    return first_text(
        dict(parse_qsl(split_url(str(visit.get("landingPage") or "")).query)), _LANDING_PARAMETERS
    )


def _more_lines(api: StoreApi, order: Part) -> Iterator[Part]:
    page = order["lineItems"]["pageInfo"]
    while page["hasNextPage"]:
        again = _ask(api, _ORDER, {"id": order["id"], "after": page["endCursor"]})["order"]["lineItems"]
        yield from again["nodes"]
        page = again["pageInfo"]


def _ask(api: StoreApi, query: str, variables: Mapping[str, object]) -> dict[str, Any]:
    headers = {"X-Shopify-Access-Token": api.credentials.get("access_token", "")}
    data: dict[str, Any] = ask_graphql(api, _PATH, query, variables, headers)
    return data
