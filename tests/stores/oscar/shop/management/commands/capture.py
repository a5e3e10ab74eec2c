"""Record that the buyer paid on delivery."""

from django.core.management.base import BaseCommand
from oscar.core.loading import get_model

Order = get_model("order", "Order")


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser):
        parser.add_argument("number")

    def handle(self, *args, number, **options):
        source = Order.objects.get(number=number).sources.get()
        source.debit(reference=f"d-{number}", status="Settled")
