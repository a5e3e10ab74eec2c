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
    fitting,
    latest,
    less,
    money,
    payment_state,
    pieces,
    refund,
    rounded,
    time_of,
    version_of,
)
from portal.stores.adapters.paging import read_changed
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
        "*customer,*items,*items.adjustments,*items.tax_lines,*shipping_methods,*credit_lines",
        "*payment_collections,*payment_collections.payments",
        "*payment_collections.payments.captures,*payment_collections.payments.refunds",
    )
)
# Medusa writes a credit for each refund; other credits are gift cards and store credit.
_OF_REFUND = "payment_collection"
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
        numbers: dict[str, None] = {}
        for payment in _changed(
            api, "payments", {"fields": "id,updated_at,payment_collection.order.id"}, since
        ):
            with documented_answer():
                number = ((payment.get("payment_collection") or {}).get("order") or {}).get("id")
            if number:
                numbers[str(number)] = None
        for number in numbers:
            yield _changed_at(self.fetch(api, Fetch(external_id=number)), None)
        for order in _changed(api, "orders", {"fields": FIELDS}, since):
            reading = _reading_or_why(order)
            if not (isinstance(reading, Reading) and reading.snapshot.external_id in numbers):
                yield _changed_at(reading, order)


def _changed_at(reading: Reading | Ignored, order: Any) -> Reading | Ignored:
    """Return a reading with the time by which the list is sorted: what was read up to it is not read again."""
    if not isinstance(reading, Reading):
        return reading
    return replace(reading, changed_at=None if order is None else time_of(order["updated_at"]))


def _reading(order: Order) -> Reading | Ignored:
    with documented_form():
        if order.get("status") == "draft" or order.get("is_draft_order"):
            return Ignored("draft")
        collections = order["payment_collections"] or []
        payments = [payment for one in collections for payment in one.get("payments") or []]
        return _snapshot(order, collections, payments)


def _reading_or_why(order: Any) -> Reading | Ignored:
    try:
        return _reading(order)
    except DeliveryUnreadable as error:
        number = str(order.get("id")) if isinstance(order, dict) else None
        return Ignored(ORDER_UNREADABLE, number, str(error.params["detail"]))


def _snapshot(order: Order, collections: list[Any], payments: list[Any]) -> Reading:
    currency = order["currency_code"].upper()
    captures = [capture for payment in payments for capture in payment.get("captures") or []]
    refunds = [entry for payment in payments for entry in payment.get("refunds") or []]
    shipping = sum(
        (_raw(method, "total", currency) for method in order["shipping_methods"] or []), Decimal(0)
    )
    paid = sum((_raw(capture, "amount", currency) for capture in captures), Decimal(0))
    lines = _lines(order, shipping, paid, currency)
    cancelled = bool(order.get("canceled_at")) or order["status"] == "canceled"
    asked = [one for one in collections if one.get("status") != "canceled" and "raw_amount" in one]
    is_complete = bool(asked) and paid >= sum(_raw(one, "amount", currency) for one in asked)
    status, paid_text = payment_state(
        lines, shipping, paid, currency, cancelled=cancelled, is_complete=is_complete
    )
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


def _lines(order: Order, shipping: Decimal, paid: Decimal, currency: str) -> tuple[SnapshotLine, ...]:
    """Return the lines; what a gift card or store credit paid is taken off them, as nobody paid it for this order."""
    lines = tuple(_line(item, currency) for item in order["items"])
    credits = [one for one in order.get("credit_lines") or [] if one.get("reference") != _OF_REFUND]
    if not credits:
        return lines
    credit = sum((_raw(one, "amount", currency) for one in credits), Decimal(0))
    return fitting((lines, less(lines, credit, currency)), shipping, paid, currency)


def _line(item: Order, currency: str) -> SnapshotLine:
    total, tax = _raw(item, "total", currency), _raw(item, "tax_total", currency)
    return SnapshotLine(
        external_id=str(item["id"]),
        sku=str(item.get("variant_sku") or "")[:TEXT_MAX],
        name=str(item.get("product_title") or item.get("title") or "")[:NAME_MAX],
        quantity=pieces(item["quantity"]),
        amount=amount_text(total - tax),
        tax=amount_text(tax),
    )


def _raw(part: Order, name: str, currency: str) -> Decimal:
    """Return an amount from its exact string, rounded to the currency: taxes within prices have endless decimals."""
    return rounded(money(part[f"raw_{name}"]["value"]), currency)


def _changed(api: StoreApi, path: str, arguments: dict[str, str], since: datetime) -> Iterator[Any]:
    """Yield what changed since a time in a list of the admin API."""

    def ask(moment: datetime, skip: int) -> list[Any]:
        page = {
            "updated_at[$gte]": moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z"),
            "order": "updated_at",
            "limit": str(PAGE),
            "offset": str(skip),
        }
        answer = ask_api(api, f"admin/{path}", {**arguments, **page}, _sign_in(api)) or {}
        with documented_answer():
            return list(answer.get(path) or [])

    return read_changed(ask, since, PAGE, lambda entry: time_of(entry["updated_at"]))


def _sign_in(api: StoreApi) -> dict[str, str]:
    token = base64.b64encode(f"{api.credentials.get('api_key', '')}:".encode()).decode()
    return {"Authorization": f"Basic {token}"}
