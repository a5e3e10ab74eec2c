"""KeyCRM: orders by its API. Its webhooks are not signed, so they are not accepted and every order is polled.

The API has one address for everybody. See docs/stores/keycrm.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from portal.lib.clock import utc_now
from portal.stores.adapters.asking import ask_api, documented_answer
from portal.stores.adapters.forms import (
    NAME_MAX,
    TEXT_MAX,
    amount_text,
    coupons,
    documented_form,
    known_currency,
    latest,
    money,
    payment_state,
    pieces,
    refund,
    rounded,
    spread,
    time_of,
    version_of,
)
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
    Verified,
)
from portal.stores.snapshots import OrderSnapshot, SnapshotCustomer, SnapshotLine

PAGE = 50
_INCLUDE = "buyer,products,payments"
# A shop names its own statuses; each is in one of six groups, and this one is for cancelled orders.
_CANCELLED_GROUP = 6
_PAID, _REFUNDED = frozenset({"paid"}), frozenset({"refund", "refunded"})
_TIME = "%Y-%m-%d %H:%M:%S"
Part = Mapping[str, Any]


class KeyCrm:
    """The platform: orders of a KeyCRM account. The API states no currency for an order that is not paid."""

    name = "keycrm"
    label = "KeyCRM"
    credential_names = ("api_key", "currency")

    def __init__(self, api_url: str = "https://openapi.keycrm.app") -> None:
        self._api_url = api_url

    def verify(self, delivery: Delivery, secrets: tuple[str, ...], now: datetime) -> Verified | Ignored:
        """Raise DeliveryRefused: KeyCRM signs nothing."""
        raise DeliveryRefused(reason="signature_missing")

    def read(self, verified: Verified) -> Reading | Fetch | Ignored:
        """Ignore everything, as nothing is authentic."""
        return Ignored("other_topic")

    def fetch(self, api: StoreApi, wanted: Fetch) -> Reading | Ignored:
        """Return the present state of an order; raise StoreUnreachable or StoreRefused."""
        number = wanted.external_id or ""
        if not (number.isascii() and number.isdecimal()):
            return Ignored(ORDER_GONE)
        order = self._ask(api, f"order/{number}", {})
        return Ignored(ORDER_GONE) if order is None else _reading_or_why(order, api)

    def changed_since(self, api: StoreApi, since: datetime) -> Iterator[Reading | Ignored]:
        """Yield the orders changed since a time; raise StoreUnreachable or StoreRefused."""

        def ask(moment: datetime, skip: int) -> list[Any]:
            window = ",".join(each.astimezone(UTC).strftime(_TIME) for each in (moment, utc_now()))
            arguments = {
                "filter[updated_between]": window,
                "sort": "updated_at",
                "limit": str(PAGE),
                "page": str(skip // PAGE + 1),
            }
            answer = self._ask(api, "order", arguments)
            with documented_answer():
                return list(answer["data"])

        for order in read_changed(ask, since, PAGE, lambda each: time_of(each["updated_at"])):
            yield _reading_or_why(order, api)

    def _ask(self, api: StoreApi, path: str, arguments: Mapping[str, str]) -> Any:
        headers = {
            "Authorization": f"Bearer {api.credentials.get('api_key', '')}",
            "Accept": "application/json",
        }
        return ask_api(StoreApi(self._api_url, {}), f"v1/{path}", {"include": _INCLUDE, **arguments}, headers)


def _reading_or_why(order: Any, api: StoreApi) -> Reading | Ignored:
    try:
        with documented_form():
            return _reading(order, known_currency(api.credentials.get("currency", "")))
    except DeliveryUnreadable as error:
        number = str(order.get("id")) if isinstance(order, dict) else None
        return Ignored(ORDER_UNREADABLE, number, str(error.params["detail"]))


def _reading(order: Part, currency: str) -> Reading:
    payments = [one for one in order["payments"] or [] if one["status"] in _PAID | _REFUNDED]
    refunds = [one for one in payments if one["status"] in _REFUNDED]
    _require_readable(payments, currency)
    extra = sum(
        (money(order.get(name) or 0) for name in ("shipping_price", "wrap_price", "taxes")), Decimal(0)
    )
    goods = rounded(money(order["grand_total"]) - extra, currency)
    if goods < 0:
        raise DeliveryUnreadable(detail="grand_total: less than shipping_price, wrap_price and taxes")
    lines = _lines(order, goods, currency)
    paid = sum((money(one["amount"]) for one in payments), Decimal(0))
    cancelled = order.get("status_group_id") == _CANCELLED_GROUP
    status, paid_text = payment_state(lines, extra, paid, currency, cancelled=cancelled)
    parts = (order, *(order["payments"] or []))
    changed_at = latest(part.get("updated_at") or part.get("created_at") for part in parts)
    buyer = order.get("buyer") or {}
    snapshot = OrderSnapshot(
        external_id=str(order["id"]),
        number=str(order["id"]),
        version=version_of(changed_at),
        created_at=time_of(order.get("ordered_at") or order.get("created_at")),
        currency=currency,
        status=status,
        paid_amount=paid_text,
        coupon_codes=coupons([order.get("promocode")]),
        customer=SnapshotCustomer(
            external_id=str(buyer["id"]) if buyer.get("id") else None, email=buyer.get("email") or None
        ),
        lines=lines,
        shipping=amount_text(extra),
        refunds=tuple(refund(one["id"], money(one["amount"]), one.get("updated_at")) for one in refunds),
    )
    # By this the list is sorted: what was read up to it is not read again.
    return Reading(snapshot, changed_at=time_of(order.get("updated_at")))


def _require_readable(payments: list[Part], currency: str) -> None:
    """Raise DeliveryUnreadable for a payment of which nobody knows what it means for the order."""
    for payment in payments:
        for name in ("source_currency", "actual_currency"):
            if payment.get(name) not in (currency, None, ""):
                raise DeliveryUnreadable(detail=f"a payment in {str(payment[name])[:10]}, not {currency}")
        if payment.get("is_expense"):
            raise DeliveryUnreadable(detail=f"payment {str(payment.get('id'))[:20]} is an expense")


def _lines(order: Part, goods: Decimal, currency: str) -> tuple[SnapshotLine, ...]:
    """Return the lines with what the goods cost in all divided by their prices: discounts exist at two levels."""
    products = order["products"] or []
    amounts = spread(goods, [money(one["price"]) * money(one["quantity"]) for one in products], currency)
    return tuple(
        SnapshotLine(
            # The API's description has no id of a line, its answers mostly do.
            external_id=str(product.get("id") or index + 1),
            sku=str(product.get("sku") or "")[:TEXT_MAX],
            name=str(product.get("name") or "")[:NAME_MAX],
            quantity=pieces(product["quantity"]),
            amount=amount_text(amount),
        )
        for index, (product, amount) in enumerate(zip(products, amounts, strict=True))
    )
