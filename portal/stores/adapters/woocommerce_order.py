"""Read an order of WooCommerce as a snapshot: its webhooks and its REST API send the same form.

Three things are not what their names suggest. `status: processing` is not paid (cash on delivery): `date_paid_gmt` is.
A partial refund leaves `status` and `total` as they were: `refunds` has it. `price` is a float, so it is not read.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from portal.lib.clock import epoch_milliseconds
from portal.stores.adapters.forms import bounded, documented_form
from portal.stores.adapters.protocol import DeliveryUnreadable
from portal.stores.snapshots import (
    COUPONS_MAX,
    OrderSnapshot,
    SnapshotCustomer,
    SnapshotLine,
    SnapshotRefund,
    SnapshotRefundLine,
    SnapshotStatus,
)

CANCELLED = frozenset({"cancelled", "trash"})
# What a buyer has not ordered yet.
DRAFTS = frozenset({"checkout-draft", "auto-draft", "draft"})
CODE_KEYS = ("ring_ref", "_ring_ref")
LABEL_KEYS = ("ring_via", "_ring_via")
_TEXT_MAX, _NAME_MAX, _LABEL_MAX = 200, 500, 32
_KOPECK = Decimal("0.01")

Order = Mapping[str, Any]


def read_order(order: Order, refunds: Sequence[Order] | None = None) -> OrderSnapshot:
    """Return the state of an order; raise DeliveryUnreadable.

    `refunds` are the order's refunds as their own endpoint lists them, with lines; without, only their totals are
    known.
    """
    with documented_form():
        return _read(order, refunds)


def read_time(order: Order, name: str) -> datetime | None:
    """Return a time of an order in UTC, None if it has none; raise DeliveryUnreadable."""
    text = order.get(f"{name}_gmt")
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        raise DeliveryUnreadable(detail=f"{name}_gmt: no time") from None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def read_id(order: Order, name: str) -> str | None:
    """Return an id of an order as text, None for 0 and for none; some plugins write numbers in quotes."""
    text = str(order.get(name) or 0).strip()
    return None if text in ("", "0") else text


def _read(order: Order, refunds: Sequence[Order] | None) -> OrderSnapshot:
    changed_at, paid_at = read_time(order, "date_modified"), read_time(order, "date_paid")
    if changed_at is None:
        raise DeliveryUnreadable(detail="date_modified_gmt: missing")
    lines, extra = _parts(order)
    status: SnapshotStatus = "paid" if paid_at else "open"
    return OrderSnapshot(
        external_id=str(order["id"]),
        number=str(order.get("number") or order["id"])[:_TEXT_MAX],
        version=epoch_milliseconds(changed_at),
        created_at=read_time(order, "date_created"),
        currency=order["currency"],
        status="cancelled" if order["status"] in CANCELLED else status,
        paid_at=paid_at,
        # Rounding takes the total of an order that is free below zero.
        paid_amount=_text(max(Decimal(0), _money(order["total"]))) if paid_at else "0",
        referral_code=_meta(order, CODE_KEYS, _TEXT_MAX),
        code_source="cookie" if _meta(order, CODE_KEYS, _TEXT_MAX) else None,
        coupon_codes=tuple(
            str(coupon["code"])[:_TEXT_MAX] for coupon in (order.get("coupon_lines") or [])[:COUPONS_MAX]
        ),
        link_label=_meta(order, LABEL_KEYS, _LABEL_MAX),
        customer=_customer(order),
        lines=lines,
        shipping=_text(extra),
        refunds=tuple(_refunds(order, refunds)),
    )


def _customer(order: Order) -> SnapshotCustomer:
    return SnapshotCustomer(
        external_id=read_id(order, "customer_id"),  # a guest is customer 0
        email=(order.get("billing") or {}).get("email") or None,
    )


def _line(line: Order) -> SnapshotLine:
    return SnapshotLine(
        external_id=str(line["id"]),
        sku=str(line.get("sku") or "")[:_TEXT_MAX],
        name=str(line.get("name") or "")[:_NAME_MAX],
        quantity=max(1, int(line["quantity"])),  # plugins sell fractions, such as 0.5 kg
        amount=_text(_money(line["total"])),
        tax=_text(_money(line["total_tax"])),
    )


def _parts(order: Order) -> tuple[tuple[SnapshotLine, ...], Decimal]:
    """Return the goods, and what was paid in addition (shipping and fees with their taxes); together the order's total.

    A negative fee is a discount on the goods, and what exceeds them on the rest.
    """
    goods = [_line(line) for line in order["line_items"]]
    gross = sum((Decimal(line.amount) + Decimal(line.tax) for line in goods), Decimal(0))
    fees, shipping = (list(map(_with_tax, order.get(name) or [])) for name in ("fee_lines", "shipping_lines"))
    discount = -sum((fee for fee in fees if fee < 0), Decimal(0))
    extra = sum([*(fee for fee in fees if fee > 0), *shipping], Decimal(0))
    total = _money(order["total"])
    extra += _rounding(total, total - (gross + extra - discount), len(goods), len(fees) + len(shipping))
    discount += max(Decimal(0), -extra)
    beyond = max(Decimal(0), discount - gross)
    return _take_off(goods, discount), max(Decimal(0), extra - beyond)


def _rounding(total: Decimal, difference: Decimal, goods: int, others: int) -> Decimal:
    """Return by how much a total differs from its parts because the shop rounds each of them, else 0.

    A shop that shows whole hryvnias rounds each part to hryvnias. A kopeck for each line of goods may stay.
    """
    unit = Decimal(1).scaleb(-_digits(total))
    if goods * min(unit, _KOPECK) < abs(difference) <= (goods + others + 1) * unit:
        return difference
    return Decimal(0)


def _take_off(lines: Sequence[SnapshotLine], discount: Decimal) -> tuple[SnapshotLine, ...]:
    """Return the lines reduced by a discount that the store booked as a negative fee, in proportion of their amounts.

    A discount is on the goods, and what was paid for them is what commissions are of.
    """
    if not discount:
        return tuple(lines)
    amounts = [(Decimal(line.amount), Decimal(line.tax)) for line in lines]
    digits = max(map(_digits, [discount, *(value for pair in amounts for value in pair)]))
    units = [(_units(amount, digits), _units(tax, digits)) for amount, tax in amounts]
    of = sum(amount + tax for amount, tax in units)
    left, reduced = min(_units(discount, digits), of), []
    for line, (amount, tax) in zip(lines, units, strict=True):
        gross = amount + tax
        share = left * gross // of if of else 0
        of_tax = share * tax // gross if gross else 0
        left, of = left - share, of - gross
        after = {"amount": amount - share + of_tax, "tax": tax - of_tax}
        reduced.append(
            line.model_copy(
                update={name: _text(Decimal(value).scaleb(-digits)) for name, value in after.items()}
            )
        )
    return tuple(reduced)


def _digits(amount: Decimal) -> int:
    exponent = amount.as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def _units(amount: Decimal, digits: int) -> int:
    return int(amount.scaleb(digits))


def _refunds(order: Order, detailed: Sequence[Order] | None) -> Iterable[SnapshotRefund]:
    by_id = {str(refund["id"]): refund for refund in detailed or ()}
    for refund in sorted(order.get("refunds") or [], key=lambda refund: int(refund["id"])):
        amount = -_money(refund["total"])
        if amount <= 0:  # only puts goods back into stock
            continue
        more = by_id.get(str(refund["id"]), {})
        yield SnapshotRefund(
            id=str(refund["id"]),
            amount=_text(amount),
            at=read_time(more, "date_created"),
            reason=str(refund.get("reason") or "")[:_NAME_MAX] or None,
            lines=_refund_lines(more) or _no_goods(more, amount, order),
        )


def _refund_lines(refund: Order) -> tuple[SnapshotRefundLine, ...]:
    lines = []
    for line in refund.get("line_items") or []:
        refunded = _meta(line, ("_refunded_item_id",), _TEXT_MAX)
        amount = -_money(line["total"])
        if refunded and amount > 0:
            lines.append(SnapshotRefundLine(external_id=refunded, amount=_text(amount)))
    return tuple(lines)


def _no_goods(refund: Order, amount: Decimal, order: Order) -> tuple[SnapshotRefundLine, ...]:
    """Return that a refund of shipping and fees alone takes back nothing of the goods, () for any other refund."""
    others = [*(refund.get("shipping_lines") or []), *(refund.get("fee_lines") or [])]
    if not order["line_items"] or amount > -sum(map(_with_tax, others), Decimal(0)):
        return ()
    return (SnapshotRefundLine(external_id=str(order["line_items"][0]["id"]), amount="0"),)


def _meta(holder: Order, keys: Iterable[str], at_most: int) -> str | None:
    values = {entry.get("key"): entry.get("value") for entry in holder.get("meta_data") or []}
    texts = (str(values[key]).strip()[:at_most] for key in keys if type(values.get(key)) in (str, int))
    return next(filter(None, texts), None)


def _with_tax(line: Order) -> Decimal:
    return _money(line.get("total")) + _money(line.get("total_tax"))


def _money(value: object) -> Decimal:
    """Return an amount of the API, which is a decimal string, empty where there is none."""
    if value in (None, ""):
        return Decimal(0)
    try:
        return bounded(Decimal(str(value)))
    except InvalidOperation:
        raise DeliveryUnreadable(detail="an amount is no number") from None


def _text(amount: Decimal) -> str:
    return f"{amount:f}"
