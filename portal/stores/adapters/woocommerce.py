"""WooCommerce: its webhooks, signed over the raw body, and its REST API, version 3.

Webhooks arrive in any order, repeat their delivery ids for different orders, are never sent again, and carry the whole
order as it is when they are sent. See docs/rules/stores.md.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from portal.lib.http import HttpAnswer, HttpFailed, get
from portal.stores.adapters.asking import ANSWER_LIMIT, TIMEOUT_SECONDS, address_of, content_of
from portal.stores.adapters.exact_json import parse_exact_json
from portal.stores.adapters.forms import documented_form
from portal.stores.adapters.paging import read_changed
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
    StoreUnreachable,
    Verified,
)
from portal.stores.adapters.woocommerce_order import DRAFTS, read_id, read_order, read_time

PAGE = 50
_KEY, _SECRET = "consumer_key", "consumer_secret"
_GREETING = re.compile(rb"webhook_id=\d+")
# Hooks of WordPress that name an order, and nothing else.
_ACTIONS = frozenset(
    {
        "woocommerce_order_refunded",
        "woocommerce_order_fully_refunded",
        "woocommerce_order_partially_refunded",
        "woocommerce_payment_complete",
        "woocommerce_order_status_changed",
    }
)


class WooCommerce:
    """The platform: webhooks with any topic of orders, and orders by REST."""

    name = "woocommerce"
    label = "WooCommerce"
    credential_names = (_KEY, _SECRET)

    def verify(self, delivery: Delivery, secrets: tuple[str, ...], now: datetime) -> Verified | Ignored:
        """Return a delivery signed with one of the secrets; raise DeliveryRefused or DeliveryUnreadable.

        WooCommerce greets a new webhook's address with an unsigned form and disables the webhook unless it gets 200.
        """
        signature = delivery.header("x-wc-webhook-signature")
        if not signature:
            if _GREETING.fullmatch(delivery.body):
                return Ignored("greeting")
            raise DeliveryRefused(reason="signature_missing")
        if not secrets:
            raise DeliveryRefused(reason="secret_missing")
        if not any(_is_signed(delivery.body, signature, secret) for secret in secrets):
            raise DeliveryRefused(reason="signature_wrong")
        return Verified(delivery.header("x-wc-webhook-topic"), parse_exact_json(delivery.body))

    def read(self, verified: Verified) -> Reading | Fetch | Ignored:
        """Return the order of a delivery, or the order to ask for; raise DeliveryUnreadable."""
        content = verified.content
        if not isinstance(content, dict):
            raise DeliveryUnreadable(detail="not an object")
        if verified.kind.startswith("action."):
            return _read_action(content)
        if not verified.kind.startswith("order."):
            return Ignored("other_topic")
        if set(content) <= {"id", "_links"} and "id" in content:  # moved to the trash or deleted
            return Fetch(external_id=str(content["id"]), is_gone=True)
        return _reading(content)

    def fetch(self, api: StoreApi, wanted: Fetch) -> Reading | Ignored:
        """Return an order with the lines of its refunds; raise StoreUnreachable or StoreRefused."""
        if wanted.external_id is None or not wanted.external_id.isdecimal():
            return Ignored(ORDER_GONE)
        order = _ask(api, f"orders/{wanted.external_id}", {})
        if order is None:
            return Ignored(ORDER_GONE)
        return next(_with_refunds(api, each) for each in _list([order]))

    def changed_since(self, api: StoreApi, since: datetime) -> Iterator[Reading | Ignored]:
        """Yield the orders changed since a time, oldest change first; raise StoreUnreachable or StoreRefused."""

        def ask(moment: datetime, skip: int) -> list[dict[str, Any]]:
            return _list(_ask(api, "orders", _changed_after(moment, skip // PAGE + 1)))

        for order in read_changed(ask, since, PAGE, lambda each: read_time(each, "date_modified")):
            yield _with_refunds(api, order)


def _list(answer: Any) -> list[dict[str, Any]]:
    """Return a list of objects, empty for none; raise StoreUnreachable for an answer of another form."""
    found = answer or []
    if not isinstance(found, list) or not all(isinstance(entry, dict) for entry in found):
        raise StoreUnreachable(detail="the answer has another form", retry_after=None)
    return found


def _is_signed(body: bytes, signature: str, secret: str) -> bool:
    expected = base64.b64encode(hmac.digest(secret.encode(), body, hashlib.sha256))
    return hmac.compare_digest(expected, signature.encode())


def _read_action(content: Mapping[str, Any]) -> Fetch | Ignored:
    if content.get("action") not in _ACTIONS:
        return Ignored("other_topic")
    number = content.get("arg")
    if not isinstance(number, int | str) or not str(number).isdecimal():
        raise DeliveryUnreadable(detail="arg: no order")
    return Fetch(external_id=str(number))


def _reading(order: Mapping[str, Any], refunds: list[Any] | None = None) -> Reading | Ignored:
    if order.get("status") in DRAFTS:
        return Ignored("draft")
    if read_id(order, "parent_id"):
        return Ignored("part_of_order")
    snapshot = read_order(order, refunds)
    is_partial = refunds is None and bool(snapshot.refunds)
    return Reading(snapshot, is_partial=is_partial, changed_at=read_time(order, "date_modified"))


def _with_refunds(api: StoreApi, order: dict[str, Any]) -> Reading | Ignored:
    """Return a fetched order with the lines of its refunds; raise StoreUnreachable or StoreRefused."""
    try:
        with documented_form():
            reading = _reading(order)
            if isinstance(reading, Reading) and reading.is_partial:
                refunds = _ask(api, f"orders/{reading.snapshot.external_id}/refunds", {"per_page": "100"})
                reading = _reading(order, _list(refunds))
    except DeliveryUnreadable as error:
        return Ignored(ORDER_UNREADABLE, str(order.get("id")), str(error.params["detail"]))
    return reading


def _changed_after(since: datetime, page: int) -> dict[str, str]:
    # `modified_after` excludes the second it names.
    moment = (since - timedelta(seconds=1)).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return {
        "modified_after": moment,
        "dates_are_gmt": "true",
        "orderby": "modified",
        "order": "asc",
        "per_page": str(PAGE),
        "page": str(page),
    }


def _ask(api: StoreApi, path: str, arguments: dict[str, str]) -> Any:
    """Return an answer of the REST API, None for an order that does not exist."""
    url = address_of(api, f"wp-json/wc/v3/{path}")
    key, secret = (api.credentials.get(name, "") for name in (_KEY, _SECRET))
    if url.startswith("https:"):
        token = base64.b64encode(f"{key}:{secret}".encode()).decode()
        answer = _get(url, arguments, {"Authorization": f"Basic {token}"})
        if answer.status != 401:
            return _content(answer)
    # Some servers drop the header; then WooCommerce takes the key from the query.
    return _content(_get(url, {**arguments, _KEY: key, _SECRET: secret}, {}))


def _get(url: str, arguments: dict[str, str], headers: dict[str, str]) -> HttpAnswer:
    query = f"?{urlencode(arguments)}" if arguments else ""
    try:
        return get(f"{url}{query}", timeout=TIMEOUT_SECONDS, limit=ANSWER_LIMIT, headers=headers)
    except HttpFailed as error:
        # The text of the error may have the address, and that the key.
        raise StoreUnreachable(detail=type(error).__name__, retry_after=None) from None


def _content(answer: HttpAnswer) -> Any:
    if answer.status == 404 and b"woocommerce_rest_shop_order_invalid_id" not in answer.body:
        raise StoreUnreachable(detail="no WooCommerce at this address", retry_after=None)
    return content_of(answer)
