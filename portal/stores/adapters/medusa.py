"""Medusa 2: deliveries of our subscriber, signed by Standard Webhooks, and the admin API.

Medusa's own events carry ids only, so the subscriber sends the order. `order.total` shrinks with refunds and the
summary's totals drift, so only captures and refunds of the payments count. Amounts are the exact `raw_*` strings.
See docs/stores/medusa.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from portal.stores.adapters.asking import ask_api, documented_answer
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
    rounded,
    time_of,
    version_of,
)
from portal.stores.adapters.protocol import (
    ORDER_GONE,
    ORDER_UNREADABLE,
    Delivery,
    DeliveryUnreadable,
    Fetch,
    Ignored,
    Reading,
    StoreApi,
    Verified,
)
from portal.stores.adapters.standard_webhooks import read_standard_webhook
from portal.stores.snapshots import OrderSnapshot, SnapshotCustomer, SnapshotLine

PAGE = 50
FIELDS = ",".join(
    (
        "id,display_id,status,version,email,currency_code,metadata,created_at,updated_at,canceled_at",
        "*customer,*items,*items.adjustments,*items.tax_lines,*shipping_methods",
        "*payment_collections,*payment_collections.payments",
        "*payment_collections.payments.captures,*payment_collections.payments.refunds",
    )
)
Order = Mapping[str, Any]


class Medusa:
    """The platform: orders from our subscriber, and by the admin API."""

    name = "medusa"
    label = "Medusa"
    credential_names = ("api_key",)

    def verify(self, delivery: Delivery, secrets: tuple[str, ...], now: datetime) -> Verified | Ignored:
        """Return a delivery that our subscriber signed; raise DeliveryRefused or DeliveryUnreadable."""
        return read_standard_webhook(delivery, secrets, now)

    def read(self, verified: Verified) -> Reading | Fetch | Ignored:
        """Return the order of a delivery; raise DeliveryUnreadable."""
        order = verified.content.get("order")
        return Ignored("other_topic") if order is None else _reading(order)

    def fetch(self, api: StoreApi, wanted: Fetch) -> Reading | Ignored:
        """Return an order of the admin API; raise StoreUnreachable or StoreRefused."""
        if not wanted.external_id or not wanted.external_id.replace("_", "").isalnum():
            return Ignored(ORDER_GONE)
        answer = ask_api(api, f"admin/orders/{wanted.external_id}", {"fields": FIELDS}, _sign_in(api))
        if answer is None:
            return Ignored(ORDER_GONE)
        with documented_answer():
            return _reading_or_why(answer["order"])

    def changed_since(self, api: StoreApi, since: datetime) -> Iterator[Reading | Ignored]:
        """Yield the orders changed since a time; raise StoreUnreachable or StoreRefused.

        A capture does not change its order's `updated_at`, so the payments that changed are asked for first.
        """
        moment = since.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
        numbers: dict[str, None] = {}
        for payment in _pages(
            api, "payments", {"fields": "id,updated_at,payment_collection.order.id"}, moment
        ):
            with documented_answer():
                number = ((payment.get("payment_collection") or {}).get("order") or {}).get("id")
            if number:
                numbers[str(number)] = None
        for number in numbers:
            yield _changed_at(self.fetch(api, Fetch(external_id=number)), None)
        for order in _pages(api, "orders", {"fields": FIELDS}, moment):
            reading = _reading_or_why(order)
            if not (isinstance(reading, Reading) and reading.snapshot.external_id in numbers):
                yield _changed_at(reading, order)


def _changed_at(reading: Reading | Ignored, order: Any) -> Reading | Ignored:
    """Return a reading with the time by which the list is sorted: what was read up to it is not read again."""
    if not isinstance(reading, Reading):
        return reading
    return replace(reading, changed_at=None if order is None else time_of(order["updated_at"]))


def _reading(order: Order) -> Reading:
    with documented_form():
        collections = order.get("payment_collections") or []
        payments = [payment for one in collections for payment in one.get("payments") or []]
        return _snapshot(order, payments)


def _reading_or_why(order: Any) -> Reading | Ignored:
    try:
        return _reading(order)
    except DeliveryUnreadable as error:
        number = str(order.get("id")) if isinstance(order, dict) else None
        return Ignored(ORDER_UNREADABLE, number, str(error.params["detail"]))


def _snapshot(order: Order, payments: list[Any]) -> Reading:
    currency = order["currency_code"].upper()
    captures = [capture for payment in payments for capture in payment.get("captures") or []]
    refunds = [entry for payment in payments for entry in payment.get("refunds") or []]
    lines = tuple(_line(item, currency) for item in order["items"])
    shipping = sum(
        (_raw(method, "total", currency) for method in order.get("shipping_methods") or []), Decimal(0)
    )
    paid = sum((_raw(capture, "amount", currency) for capture in captures), Decimal(0))
    cancelled = bool(order.get("canceled_at")) or order["status"] == "canceled"
    status, paid_text = payment_state(lines, shipping, paid, currency, cancelled=cancelled)
    adjustments = [part for item in order["items"] for part in item.get("adjustments") or []]
    changed_at = latest(part.get("updated_at") for part in (order, *payments, *captures, *refunds))
    code = first_text(order.get("metadata"), CODE_KEYS)
    snapshot = OrderSnapshot(
        external_id=str(order["id"]),
        number=str(order.get("display_id") or "")[:TEXT_MAX],
        version=version_of(changed_at),
        created_at=time_of(order.get("created_at")),
        currency=currency,
        status=status,
        paid_at=latest(capture["created_at"] for capture in captures) if captures else None,
        paid_amount=paid_text,
        referral_code=code,
        code_source="cookie" if code else None,
        coupon_codes=coupons(part.get("code") for part in adjustments),
        link_label=first_text(order.get("metadata"), LABEL_KEYS, 32),
        customer=SnapshotCustomer(external_id=_customer_id(order), email=order.get("email") or None),
        lines=lines,
        shipping=amount_text(shipping),
        refunds=tuple(
            refund(entry["id"], _raw(entry, "amount", currency), entry.get("created_at"), entry.get("note"))
            for entry in refunds
        ),
    )
    return Reading(snapshot, changed_at=changed_at)


def _customer_id(order: Order) -> str | None:
    # The record of a guest contains only the e-mail address.
    customer = order.get("customer") or {}
    return str(customer["id"]) if customer.get("has_account") else None


def _line(item: Order, currency: str) -> SnapshotLine:
    total, tax = _raw(item, "total", currency), _raw(item, "tax_total", currency)
    return SnapshotLine(
        external_id=str(item["id"]),
        sku=str(item.get("variant_sku") or "")[:TEXT_MAX],
        name=str(item.get("product_title") or item.get("title") or "")[:NAME_MAX],
        quantity=int(item["quantity"]),
        amount=amount_text(total - tax),
        tax=amount_text(tax),
    )


def _raw(part: Order, name: str, currency: str) -> Decimal:
    """Return an amount from its exact string, rounded to the currency: taxes within prices have endless decimals."""
    return rounded(money(part[f"raw_{name}"]["value"]), currency)


def _pages(api: StoreApi, path: str, arguments: dict[str, str], moment: str) -> Iterator[Any]:
    offset = 0
    while True:
        page = {
            "updated_at[$gte]": moment,
            "order": "updated_at",
            "limit": str(PAGE),
            "offset": str(offset),
        }
        answer = ask_api(api, f"admin/{path}", {**arguments, **page}, _sign_in(api)) or {}
        with documented_answer():
            found = list(answer.get(path) or [])
        yield from found
        offset += len(found)
        if len(found) < PAGE:
            return


def _sign_in(api: StoreApi) -> dict[str, str]:
    token = base64.b64encode(f"{api.credentials.get('api_key', '')}:".encode()).decode()
    return {"Authorization": f"Basic {token}"}
