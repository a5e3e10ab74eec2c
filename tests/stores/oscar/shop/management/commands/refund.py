"""Refund a part of an order, as the shop's staff would: on its payment source, some goods by a payment event."""

from decimal import Decimal

from django.core.management.base import BaseCommand
from oscar.core.loading import get_model

Order = get_model("order", "Order")
PaymentEventType = get_model("order", "PaymentEventType")


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser):
        parser.add_argument("number")
        parser.add_argument("--amount", type=Decimal)
        parser.add_argument("--sku", help="refund one piece of a line")
        parser.add_argument("--status", default="Settled")

    def handle(self, *args, number, amount, sku, status, **options):
        order = Order.objects.get(number=number)
        source = order.sources.get()
        reference = f"r-{number}-{source.transactions.count()}"
        if sku:
            line = order.lines.get(partner_sku=sku)
            amount = (line.line_price_incl_tax / line.quantity).quantize(Decimal("0.01"))
            kind, _ = PaymentEventType.objects.get_or_create(name="Refund")
            event = order.payment_events.create(amount=amount, reference=reference, event_type=kind)
            event.line_quantities.create(line=line, quantity=1)
        source.refund(amount, reference, status)
