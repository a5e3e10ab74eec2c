"""Read an order of Shopify's GraphQL API as a snapshot, in the currency of the shop.

What was received and refunded is exact; lines keep what was removed or came back, so they are compared with what was
received. See docs/stores/shopify.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl

from portal.lib.urls import split_url
from portal.stores.adapters.forms import (
    CODE_KEYS,
    LABEL_KEYS,
    NAME_MAX,
    TEXT_MAX,
    amount_text,
    coupons,
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
    unit_of,
    version_of,
)
from portal.stores.adapters.protocol import DeliveryUnreadable, Reading
from portal.stores.snapshots import OrderSnapshot, SnapshotCustomer, SnapshotLine

# A shop has a few for an order; of more, some refunds would be missing.
TRANSACTIONS_MAX = 100
_LANDING_PARAMETERS = ("REF", "ref", "ring_ref")
Part = Mapping[str, Any]


def read_order(order: Part, nodes: list[Part]) -> Reading:
    """Return the state of an order with all of its lines; what it raises is for `documented_form`."""
    currency, transactions = order["currencyCode"], order["transactions"]
    if len(transactions) >= TRANSACTIONS_MAX:
        raise DeliveryUnreadable(detail=f"transactions: {TRANSACTIONS_MAX} or more")
    paid, cancelled = _amount(order["totalReceivedSet"]), bool(order.get("cancelledAt"))
    lines, shipping = _parts(order, nodes, paid)
    is_complete = order.get("fullyPaid") is True
    status, paid_text = payment_state(
        lines, shipping, paid, currency, cancelled=cancelled, is_complete=is_complete
    )
    settled = [one for one in transactions if one["status"] == "SUCCESS"]
    captures = [one["processedAt"] for one in settled if one["kind"] in ("SALE", "CAPTURE")]
    changed_at = latest([order["updatedAt"]])
    attributes = {one["key"]: one["value"] for one in order.get("customAttributes") or []}
    code = first_text(attributes, CODE_KEYS) or _landing_code(order)
    customer = order.get("customer") or {}
    snapshot = OrderSnapshot(
        external_id=number_of(order["id"]),
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
            external_id=number_of(customer["id"]) if customer else None, email=order.get("email") or None
        ),
        lines=lines,
        shipping=amount_text(shipping),
        refunds=tuple(
            refund(number_of(one["id"]), _amount(one["amountSet"]), one.get("processedAt"))
            for one in settled
            if one["kind"] == "REFUND"
        ),
    )
    return Reading(snapshot, is_test=bool(order["test"]), changed_at=changed_at)


def _parts(order: Part, nodes: list[Part], paid: Decimal) -> tuple[tuple[SnapshotLine, ...], Decimal]:
    """Return the lines that were paid for, and what was paid in addition: shipping, tips, duties and fees."""
    currency, included = order["currencyCode"], bool(order["taxesIncluded"])
    tip, ships = _amount(order["totalTipReceivedSet"]), order["shippingLines"]["nodes"]
    goods = [node for node in nodes if not _is_tip(node, tip)]
    ordered = tuple(_line(node, included, node["quantity"], currency) for node in goods)
    # Pieces that were taken off before the payment; those that came back later are here too, but do not add up.
    kept = [node for node in goods if node["currentQuantity"]]
    current = tuple(_line(node, included, node["currentQuantity"], currency) for node in kept)
    shipping = sum((_shipping(node, included) for node in ships), Decimal(0))
    others = _price(order) - sum((Decimal(line.amount) + Decimal(line.tax) for line in ordered), shipping)
    if others < -_rounding([*goods, *ships], currency):
        others = tip
    elif shipping + others < 0:
        ordered, others = less(ordered, -shipping - others, currency), -shipping
    return fitting((ordered, current), shipping + others, paid, currency), shipping + others


def _price(order: Part) -> Decimal:
    """Return the price of an order before returns; who pays in cash pays a rounded one."""
    adjustment = (order.get("totalCashRoundingAdjustment") or {}).get("paymentSet")
    return _amount(order["totalPriceSet"]) + (_amount(adjustment) if adjustment else 0)


def _rounding(nodes: Sequence[Part], currency: str) -> Decimal:
    """Return by how much a sum may differ for a buyer with another currency: each amount is converted by itself."""
    parts = sum(len(node.get(name) or []) for node in nodes for name in ("discountAllocations", "taxLines"))
    return (len(nodes) + parts) * unit_of(currency)


def _is_tip(node: Part, tip: Decimal) -> bool:
    """Return whether a line is the tip, because nobody earns from that."""
    is_named = bool(node.get("vendor") or node.get("sku"))
    return tip > 0 and not is_named and _amount(node["originalTotalSet"]) == tip


def _line(node: Part, included: bool, quantity: int, currency: str) -> SnapshotLine:
    """Return a line with some of its pieces; the amounts of a line are of all that were ordered."""
    discounts = sum((_amount(part["allocatedAmountSet"]) for part in node["discountAllocations"]), Decimal(0))
    ordered = node["quantity"] or 1
    after = rounded((_amount(node["originalTotalSet"]) - discounts) * (quantity or 1) / ordered, currency)
    tax = rounded(_taxes(node) * (quantity or 1) / ordered, currency)
    return SnapshotLine(
        external_id=number_of(node["id"]),
        sku=str(node.get("sku") or "")[:TEXT_MAX],
        name=str(node.get("name") or "")[:NAME_MAX],
        vendor=str(node["vendor"])[:TEXT_MAX] if node.get("vendor") else None,
        quantity=pieces(quantity),
        amount=amount_text(after - tax if included else after),
        tax=amount_text(tax),
    )


def _shipping(node: Part, included: bool) -> Decimal:
    price = _amount(node["discountedPriceSet"])
    return price if included else price + _taxes(node)


def _taxes(node: Part) -> Decimal:
    return sum((_amount(tax["priceSet"]) for tax in node["taxLines"]), Decimal(0))


def _amount(bag: Part) -> Decimal:
    return money(bag["shopMoney"]["amount"])


def number_of(gid: str) -> str:
    """Return the number at the end of a global id, as text: gid://shopify/Order/820982911946154508."""
    return gid.rpartition("/")[2].partition("?")[0]


def _landing_code(order: Part) -> str | None:
    """Return the code in the landing page of the visit, because Shopify sometimes loses cart attributes."""
    visit = ((order.get("customerJourneySummary") or {}).get("firstVisit")) or {}
    return first_text(
        dict(parse_qsl(split_url(str(visit.get("landingPage") or "")).query)), _LANDING_PARAMETERS
    )
