"""An order as the portal wants it: its lines, what was captured, and what was refunded for certain.

Order totals say nothing about refunds, so only payment sources and their transactions are read.
"""

from decimal import ROUND_HALF_UP, Decimal

from django.conf import settings
from oscar.core.loading import get_model

Order = get_model("order", "Order")
Source = get_model("payment", "Source")
Transaction = get_model("payment", "Transaction")

# The statuses, in lower case, of transactions whose money has moved. Oscar leaves them to the shop, and to no status.
SETTLED = getattr(
    settings,
    "RING_SETTLED_STATUSES",
    (
        "",
        "settled",
        "success",
        "successful",
        "succeeded",
        "captured",
        "complete",
        "completed",
        "accepted",
        "paid",
    ),
)
CANCELLED = getattr(settings, "RING_CANCELLED_STATUSES", ("Cancelled", "Canceled"))
CENT = Decimal("0.01")


def build_snapshot(report):
    """Return the present state of the order of a report, ready for `POST /api/v1/orders`."""
    order = report.order
    lines = [_line(line) for line in order.lines.all()]
    paid, paid_at = _captured(order)
    due = sum((line.line_price_incl_tax for line in order.lines.all()), _shipping(order))
    # A part of the price is no payment yet. One unit for each line may be lost in rounding.
    complete = paid > 0 and paid + CENT * len(lines) >= due
    status = "cancelled" if order.status in CANCELLED else "paid" if complete else "open"
    return {
        "externalId": str(order.pk),
        "number": order.number,
        "version": report.version,
        "createdAt": order.date_placed.isoformat(),
        "currency": order.currency,
        "status": status,
        "paidAt": paid_at.isoformat() if complete and paid_at else None,
        "paidAmount": money(paid if complete else Decimal(0)),
        "referralCode": report.code or None,
        "codeSource": "cookie" if report.code else None,
        "couponCodes": sorted({discount.voucher_code for discount in order.discounts.all()} - {"", None}),
        "customer": _customer(order),
        "lines": lines,
        "shipping": money(_shipping(order)),
        "refunds": _refunds(order) if complete else [],
    }


def money(amount):
    """Return an amount as a decimal string without an exponent or superfluous zeros."""
    text = f"{Decimal(amount):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _line(line):
    return {
        "externalId": str(line.pk),
        "sku": line.partner_sku,
        "name": line.title,
        "vendor": str(line.partner_id) if line.partner_id else None,
        "quantity": line.quantity,
        "amount": money(line.line_price_excl_tax),
        "tax": money(line.line_price_incl_tax - line.line_price_excl_tax),
    }


def _shipping(order):
    """Return what is paid beside the goods: shipping and the surcharges of a payment method."""
    return order.shipping_incl_tax + order.surcharge_incl_tax


def _customer(order):
    email = order.email
    same = Order.objects.filter(user=order.user) if order.user_id else Order.objects.none()
    if email:
        same |= Order.objects.filter(guest_email__iexact=email) | Order.objects.filter(
            user__email__iexact=email
        )
    earlier = same.filter(pk__lt=order.pk, sources__amount_debited__gt=0).distinct()
    return {
        "externalId": str(order.user_id) if order.user_id else None,
        "email": email or None,
        "earlierPaidOrders": earlier.count(),
    }


def _captured(order):
    """Return what was captured of an order in its currency, and when the last capture was."""
    total, last = Decimal(0), None
    for source in _sources(order):
        debits = _of_type(source, Transaction.DEBIT)
        if debits:
            settled = [debit for debit in debits if _is_settled(debit)]
            total += sum((debit.amount for debit in settled), Decimal(0))
            last = max([debit.date_created for debit in settled] + ([last] if last else []), default=None)
        else:
            # Shops that record no transactions state what was captured on the source.
            total += source.amount_debited
            last = last or order.date_placed
    return total, last


def _refunds(order):
    found = []
    for source in _sources(order):
        refunds = _of_type(source, Transaction.REFUND)
        found += [_refund(order, refund) for refund in refunds if _is_settled(refund)]
        if not refunds and source.amount_refunded:
            found.append({"id": f"source-{source.pk}", "amount": money(source.amount_refunded)})
    return found


def _refund(order, refund):
    return {
        "id": str(refund.pk),
        "amount": money(refund.amount),
        "at": refund.date_created.isoformat(),
        "lines": _refunded_lines(order, refund),
    }


def _refunded_lines(order, refund):
    """Return which goods a refund is for, by the payment event with the same reference and amount.

    Without such an event, or when it returns something else than the price of its lines, the portal divides the refund
    over the order.
    """
    events = order.payment_events.filter(reference=refund.reference, amount=refund.amount)
    event = events.exclude(reference="").first()
    if event is None:
        return []
    parts = list(event.line_quantities.select_related("line"))
    paid = sum((_part(part.line.line_price_incl_tax, part) for part in parts), Decimal(0))
    if not parts or abs(paid - refund.amount) > CENT * len(parts):
        return []
    return [
        {"externalId": str(part.line_id), "amount": money(_part(part.line.line_price_excl_tax, part))}
        for part in parts
    ]


def _part(price, part):
    """Return the share of a line's price that a number of its pieces is."""
    return (price * part.quantity / part.line.quantity).quantize(CENT, ROUND_HALF_UP)


def _sources(order):
    # Points and gift cards with a unit of their own are no money.
    return [source for source in order.sources.all() if source.currency == order.currency]


def _of_type(source, kind):
    return [txn for txn in source.transactions.order_by("pk") if txn.txn_type == kind]


def _is_settled(txn):
    return txn.status.strip().lower() in SETTLED
