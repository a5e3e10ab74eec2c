import time
from datetime import timedelta

from django.core.management.base import BaseCommand
from django.utils import timezone
from oscar.core.loading import get_model

from ring_referrals.receivers import note_change
from ring_referrals.sending import send_waiting

Order = get_model("order", "Order")


class Command(BaseCommand):
    help = "Report new and changed orders to the referral portal. Run it every minute, or once with --every."

    def add_arguments(self, parser):
        parser.add_argument("--every", type=float, metavar="SECONDS", help="go on until stopped")
        parser.add_argument(
            "--again", type=float, metavar="DAYS", help="send the orders of these days once more"
        )

    def handle(self, *args, every=None, again=None, **options):
        if again is not None:
            for order in Order.objects.filter(date_placed__gte=timezone.now() - timedelta(days=again)):
                note_change(order)
        while True:
            accepted, failed = send_waiting()
            if accepted or failed:
                self.stdout.write(f"accepted {accepted}, not accepted {failed}")
            if every is None:
                return
            time.sleep(every)
