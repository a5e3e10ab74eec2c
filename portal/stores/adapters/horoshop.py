"""Horoshop: orders by its API. Its webhooks are not signed, so they are not accepted and every order is polled.

An order has a flag for paid, no time of its last change and no refunds, and the API filters by the day an order was
placed: each poll reads the orders of some weeks. See docs/stores/horoshop.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from portal.lib.clock import utc_now
from portal.stores.adapters.asking import documented_answer, post_api
from portal.stores.adapters.forms import (
    NAME_MAX,
    TEXT_MAX,
    amount_text,
    coupons,
    documented_form,
    known_currency,
    money,
    payment_state,
    pieces,
    rounded,
    spread,
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
    StoreRefused,
    StoreUnreachable,
    Verified,
)
from portal.stores.snapshots import OrderSnapshot, SnapshotCustomer, SnapshotLine

PAGE = 100
# How long after an order was placed its payment is still found.
WINDOW = timedelta(days=30)
_NOT_DELIVERED = 4
_KYIV = ZoneInfo("Europe/Kyiv")
_TIME = "%Y-%m-%d %H:%M:%S"
Part = Mapping[str, Any]


class Horoshop:
    """The platform: orders of a Horoshop shop, with the login of an API user."""

    name = "horoshop"
    label = "Horoshop"
    credential_names = ("login", "password")

    def verify(self, delivery: Delivery, secrets: tuple[str, ...], now: datetime) -> Verified | Ignored:
        """Raise DeliveryRefused: Horoshop signs nothing."""
        raise DeliveryRefused(reason="signature_missing")

    def read(self, verified: Verified) -> Reading | Fetch | Ignored:
        """Ignore everything, as nothing is authentic."""
        return Ignored("other_topic")

    def fetch(self, api: StoreApi, wanted: Fetch) -> Reading | Ignored:
        """Return the present state of an order; raise StoreUnreachable or StoreRefused."""
        number = wanted.external_id or ""
        if not (number.isascii() and number.isdecimal()):
            return Ignored(ORDER_GONE)
        found = _orders(api, {"token": _token(api), "ids": [int(number)]})
        with documented_answer():
            fitting = [order for order in found if str(order["order_id"]) == number]
        return _reading_or_why(fitting[0]) if fitting else Ignored(ORDER_GONE)

    def changed_since(self, api: StoreApi, since: datetime) -> Iterator[Reading | Ignored]:
        """Yield the orders placed since a month before a time; raise StoreUnreachable or StoreRefused."""
        placed = (since - WINDOW).astimezone(_KYIV).strftime(_TIME)
        token, offset, seen = _token(api), 0, set[str]()
        while True:
            found = _orders(api, {"token": token, "from": placed, "offset": offset, "limit": PAGE})
            fresh = {_id(order): order for order in found}
            fresh = {number: order for number, order in fresh.items() if number not in seen}
            # Shops may give less than a page: the last one is that which brings nothing.
            if not fresh:
                return
            yield from map(_reading_or_why, fresh.values())
            offset += len(found)
            seen.update(fresh)


def _id(order: Any) -> str:
    return str(order.get("order_id") if isinstance(order, dict) else order)


def _reading_or_why(order: Any) -> Reading | Ignored:
    try:
        with documented_form():
            return _reading(order)
    except DeliveryUnreadable as error:
        return Ignored(ORDER_UNREADABLE, _id(order)[:TEXT_MAX], str(error.params["detail"]))


def _reading(order: Part) -> Reading:
    currency = known_currency(order["currency"])
    placed = datetime.strptime(order["stat_created"], _TIME).replace(tzinfo=_KYIV).astimezone(UTC)
    total = rounded(money(order["total_sum"]), currency)
    prices = [rounded(money(product["total_price"]), currency) for product in order["products"]]
    # A total above the prices has the delivery in it, one below them a discount.
    goods = min(total, sum(prices, Decimal(0)))
    lines = tuple(
        _line(index, product, amount)
        for index, (product, amount) in enumerate(
            zip(order["products"], spread(goods, prices, currency), strict=True)
        )
    )
    is_paid, cancelled = int(order["payed"] or 0) == 1, int(order.get("stat_status") or 0) == _NOT_DELIVERED
    paid = total if is_paid else Decimal(0)
    status, paid_text = payment_state(lines, total - goods, paid, currency, cancelled=cancelled)
    snapshot = OrderSnapshot(
        external_id=str(order["order_id"]),
        number=str(order["order_id"]),
        # Nothing says when an order changed: what was read later is newer.
        version=version_of(utc_now()),
        created_at=placed,
        currency=currency,
        status=status,
        paid_amount=paid_text,
        coupon_codes=coupons([order.get("coupon_code")]),
        customer=SnapshotCustomer(
            external_id=str(order["user"]) if order.get("user") else None,
            email=order.get("delivery_email") or None,
        ),
        lines=lines,
        shipping=amount_text(total - goods),
    )
    return Reading(snapshot)


def _line(index: int, product: Part, amount: Decimal) -> SnapshotLine:
    article = str(product.get("article") or "")
    return SnapshotLine(
        external_id=str(index + 1),
        sku=article[:TEXT_MAX],
        name=str(product.get("title") or "")[:NAME_MAX],
        quantity=pieces(product["quantity"]),
        amount=amount_text(amount),
    )


def _token(api: StoreApi) -> str:
    login = {name: api.credentials.get(name, "") for name in ("login", "password")}
    answer = post_api(api, "api/auth/", login, {})
    with documented_answer():
        if answer["status"] != "OK":
            raise StoreRefused
        return str(answer["response"]["token"])


def _orders(api: StoreApi, wanted: Mapping[str, object]) -> list[Any]:
    answer = post_api(api, "api/orders/get/", dict(wanted), {})
    status = answer.get("status") if isinstance(answer, dict) else None
    if status == "EMPTY":
        return []
    if status != "OK":
        raise StoreUnreachable(detail=f"orders/get: {str(status)[:50]}", retry_after=None)
    with documented_answer():
        return list(answer["response"]["orders"])
