"""Vendure: deliveries of our plugin, signed by Standard Webhooks, and the admin API.

Refunds start `Pending` and count when they are `Settled`. `cancelOrder` sets the totals of an order and the quantities
of its lines to zero while the payment stays settled. Amounts are integers of hundredths, of yen too, unless the shop
has another precision. See docs/stores/vendure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from portal.stores.adapters.asking import ask_graphql, documented_answer
from portal.stores.adapters.forms import (
    CODE_KEYS,
    LABEL_KEYS,
    NAME_MAX,
    TEXT_MAX,
    amount_text,
    bounded,
    coupons,
    documented_form,
    first_text,
    known_currency,
    latest,
    less,
    payment_state,
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
# What a buyer has not ordered yet.
NOT_PLACED = frozenset({"Created", "Draft", "AddingItems", "ArrangingPayment"})
# Where nothing is left to pay, whatever the lines come to.
_PAID = frozenset({"PaymentSettled", "PartiallyShipped", "Shipped", "PartiallyDelivered", "Delivered"})
_DECIMALS, _DECIMALS_MAX = 2, 6
_ORDER = """
  id code state createdAt updatedAt orderPlacedAt currencyCode couponCodes shippingWithTax customFields { ringRef }
  surcharges { priceWithTax }
  customer { id emailAddress user { id } }
  lines { id quantity orderPlacedQuantity proratedUnitPrice proratedUnitPriceWithTax
          proratedLinePrice proratedLinePriceWithTax productVariant { sku name } }
  payments { id state amount createdAt updatedAt
             refunds { id state total reason createdAt updatedAt } }
"""
_LIST = f"""query Orders($options: OrderListOptions) {{
  globalSettings {{ serverConfig {{ moneyStrategyPrecision }} }}
  orders(options: $options) {{ items {{ {_ORDER} }} }}
}}"""
Order = Mapping[str, Any]
Amount = Callable[[object], Decimal]


class Vendure:
    """The platform: orders from our plugin, and by the admin API."""

    name = "vendure"
    label = "Vendure"
    credential_names = ("api_key",)

    def verify(self, delivery: Delivery, secrets: tuple[str, ...], now: datetime) -> Verified | Ignored:
        """Return a delivery that our plugin signed; raise DeliveryRefused or DeliveryUnreadable."""
        return read_standard_webhook(delivery, secrets, now)

    def read(self, verified: Verified) -> Reading | Fetch | Ignored:
        """Return the order of a delivery; raise DeliveryUnreadable."""
        order = verified.content.get("order")
        if order is None:
            return Ignored("other_topic")
        with documented_form():
            precision = verified.content.get("moneyPrecision", _DECIMALS)
            return _reading(order, [verified.content["createdAt"]], precision)

    def fetch(self, api: StoreApi, wanted: Fetch) -> Reading | Ignored:
        """Return the order with a code; raise StoreUnreachable or StoreRefused."""
        options = {"filter": {"code": {"eq": wanted.external_id or ""}}, "take": 1}
        found, precision = _ask(api, options)
        return _reading_or_why(found[0], precision) if found else Ignored(ORDER_GONE)

    def changed_since(self, api: StoreApi, since: datetime) -> Iterator[Reading | Ignored]:
        """Yield the orders changed or placed since a time; raise StoreUnreachable or StoreRefused.

        A payment or refund leaves `updatedAt` as it was: those come from the plugin, which sends until it succeeds.
        """
        precisions: list[object] = []

        def ask(moment: datetime, skip: int) -> list[Any]:
            found, precision = _ask(api, _changed_after(moment, skip))
            precisions.append(precision)
            return found

        for order in read_changed(ask, since, PAGE, lambda each: time_of(each["updatedAt"])):
            yield _reading_or_why(order, precisions[-1])


def _changed_after(since: datetime, skip: int) -> dict[str, Any]:
    # `after` excludes the moment it names.
    moment = {"after": (since - timedelta(milliseconds=1)).astimezone(UTC).isoformat(timespec="milliseconds")}
    return {
        "filter": {"_or": [{"updatedAt": moment}, {"orderPlacedAt": moment}]},
        "sort": {"updatedAt": "ASC"},
        "take": PAGE,
        "skip": skip,
    }


def _reading(order: Order, times: list[object], precision: object) -> Reading | Ignored:
    if order["state"] in NOT_PLACED or not order.get("orderPlacedAt"):
        return Ignored("draft")
    currency = known_currency(order["currencyCode"])
    amount = _amounts(currency, precision)
    payments = order["payments"] or []
    settled = [payment for payment in payments if payment["state"] == "Settled"]
    refunds = [entry for payment in payments for entry in payment.get("refunds") or []]
    lines, shipping = _parts(order, amount, currency)
    paid = sum((amount(payment["amount"]) for payment in settled), Decimal(0))
    cancelled, is_complete = order["state"] == "Cancelled", order["state"] in _PAID
    status, paid_text = payment_state(
        lines, shipping, paid, currency, cancelled=cancelled, is_complete=is_complete
    )
    changed_at = latest([*times, *(part.get("updatedAt") for part in (order, *payments, *refunds))])
    code = first_text(order.get("customFields"), CODE_KEYS)
    snapshot = OrderSnapshot(
        external_id=order["code"],
        number=order["code"][:TEXT_MAX],
        version=version_of(changed_at),
        created_at=time_of(order["orderPlacedAt"]),
        currency=currency,
        status=status,
        paid_at=latest(payment["updatedAt"] for payment in settled) if settled else None,
        paid_amount=paid_text,
        referral_code=code,
        code_source="cookie" if code else None,
        coupon_codes=coupons(order.get("couponCodes") or []),
        link_label=first_text(order.get("customFields"), LABEL_KEYS, 32),
        customer=_customer(order.get("customer") or {}),
        lines=lines,
        shipping=amount_text(shipping),
        refunds=tuple(
            refund(entry["id"], amount(entry["total"]), entry["updatedAt"], entry.get("reason"))
            for entry in refunds
            if entry["state"] == "Settled"
        ),
    )
    return Reading(snapshot, changed_at=changed_at)


def _amounts(currency: str, precision: object) -> Amount:
    """Return what reads an amount: an integer with so many decimals, whatever the currency."""
    if not isinstance(precision, int) or not 0 <= precision <= _DECIMALS_MAX:
        raise DeliveryUnreadable(detail="the precision of amounts is no number of decimals")

    def amount(value: object) -> Decimal:
        if isinstance(value, bool) or not isinstance(value, int):
            raise DeliveryUnreadable(detail="an amount is no integer")
        return rounded(bounded(Decimal(value)).scaleb(-precision), currency)

    return amount


def _reading_or_why(order: Any, precision: object) -> Reading | Ignored:
    try:
        with documented_form():
            reading = _reading(order, [], precision)
            if isinstance(reading, Reading):
                # By this the list is sorted: what was read up to it is not read again.
                return replace(reading, changed_at=time_of(order["updatedAt"]))
            return reading
    except DeliveryUnreadable as error:
        code = str(order.get("code")) if isinstance(order, dict) else None
        return Ignored(ORDER_UNREADABLE, code, str(error.params["detail"]))


def _customer(customer: Order) -> SnapshotCustomer:
    # A customer without a user is a guest, of whom the e-mail address says as much.
    account = str(customer["id"]) if customer.get("user") else None
    return SnapshotCustomer(external_id=account, email=customer.get("emailAddress") or None)


def _parts(order: Order, amount: Amount, currency: str) -> tuple[tuple[SnapshotLine, ...], Decimal]:
    """Return the goods, and what is paid in addition; a surcharge below zero is a discount on the goods."""
    surcharges = [amount(surcharge["priceWithTax"]) for surcharge in order["surcharges"] or []]
    shipping = sum((extra for extra in surcharges if extra > 0), amount(order["shippingWithTax"]))
    discount = -sum((extra for extra in surcharges if extra < 0), Decimal(0))
    return less([_line(line, amount) for line in order["lines"]], discount, currency), shipping


def _line(line: Order, amount: Amount) -> SnapshotLine:
    """Return a line as it was ordered: a cancellation takes pieces off `quantity`, and refunds are reported apart."""
    quantity, ordered = int(line["quantity"]), int(line.get("orderPlacedQuantity") or 0)
    if quantity >= ordered:
        net, gross = line["proratedLinePrice"], line["proratedLinePriceWithTax"]
    else:
        net = line["proratedUnitPrice"] * ordered
        gross = line["proratedUnitPriceWithTax"] * ordered
    variant = line.get("productVariant") or {}
    return SnapshotLine(
        external_id=str(line["id"]),
        sku=str(variant.get("sku") or "")[:TEXT_MAX],
        name=str(variant.get("name") or "")[:NAME_MAX],
        quantity=max(1, quantity, ordered),
        amount=amount_text(amount(net)),
        tax=amount_text(amount(gross) - amount(net)),
    )


def _ask(api: StoreApi, options: dict[str, Any]) -> tuple[list[Any], object]:
    """Return some orders, and with how many decimals their amounts are counted."""
    headers = {"vendure-api-key": api.credentials.get("api_key", "")}
    data = ask_graphql(api, "admin-api", _LIST, {"options": options}, headers)
    with documented_answer():
        config = (data.get("globalSettings") or {}).get("serverConfig") or {}
        return list(data["orders"]["items"]), config.get("moneyStrategyPrecision", _DECIMALS)
