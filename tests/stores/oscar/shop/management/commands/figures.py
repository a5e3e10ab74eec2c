"""Print the shop's own figures as JSON: for each order, what each partner sold and got back of it."""

import json
from collections import defaultdict
from decimal import Decimal

from django.core.management.base import BaseCommand
from oscar.core.loading import get_model

Order = get_model("order", "Order")
PaymentEventQuantity = get_model("order", "PaymentEventQuantity")
Transaction = get_model("payment", "Transaction")


class Command(BaseCommand):
    help = __doc__

    def handle(self, *args, **options):
        self.stdout.write(json.dumps([_figures(order) for order in Order.objects.order_by("pk")]))


def _figures(order):
    sold = defaultdict(Decimal)
    for line in order.lines.all():
        sold[line.partner_name] += line.line_price_excl_tax
    returned = defaultdict(Decimal)
    for part in PaymentEventQuantity.objects.filter(event__order=order):
        share = part.line.line_price_excl_tax * part.quantity / part.line.quantity
        returned[part.line.partner_name] += share.quantize(Decimal("0.01"))
    return {
        "id": str(order.pk),
        "number": order.number,
        "email": order.email,
        "total": str(order.total_incl_tax),
        "paid": str(_moved(order, Transaction.DEBIT)),
        "refunded": str(_moved(order, Transaction.REFUND)),
        "sold": {partner: str(amount) for partner, amount in sold.items()},
        "returned": {partner: str(amount) for partner, amount in returned.items()},
    }


def _moved(order, kind):
    settled = Transaction.objects.filter(source__order=order, txn_type=kind, status="Settled")
    return sum((txn.amount for txn in settled), Decimal(0))
