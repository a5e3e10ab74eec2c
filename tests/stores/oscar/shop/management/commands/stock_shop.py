"""Fill the shop: a country, two partners with one product each, a voucher and an account."""

from datetime import timedelta
from decimal import Decimal

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand
from django.utils import timezone
from oscar.core.loading import get_class, get_model

ConditionalOffer = get_model("offer", "ConditionalOffer")
Country = get_model("address", "Country")
Partner = get_model("partner", "Partner")
Product = get_model("catalogue", "Product")
ProductClass = get_model("catalogue", "ProductClass")
Range = get_model("offer", "Range")
StockRecord = get_model("partner", "StockRecord")
Voucher = get_model("voucher", "Voucher")
Benefit = get_model("offer", "Benefit")
Condition = get_model("offer", "Condition")
# Loads the classes that conditions and benefits of the types below become.
get_class("offer.conditions", "CountCondition")
get_class("offer.benefits", "PercentageDiscountBenefit")

GOODS = (("Vendor A", "MUG-1", "Mug", "199.99"), ("Vendor B", "POSTER-2", "Poster", "333.33"))


class Command(BaseCommand):
    help = __doc__

    def handle(self, *args, **options):
        Country.objects.create(
            iso_3166_1_a2="UA", name="Ukraine", printable_name="Ukraine", is_shipping_country=True
        )
        kind = ProductClass.objects.create(name="Goods", track_stock=False)
        for partner, sku, title, price in GOODS:
            product = Product.objects.create(product_class=kind, title=title, structure=Product.STANDALONE)
            StockRecord.objects.create(
                product=product,
                partner=Partner.objects.create(name=partner),
                partner_sku=sku,
                price=Decimal(price),
                price_currency="UAH",
            )
        self._voucher()
        get_user_model().objects.create_user("olena", "olena@example.test", "a long pass phrase")

    def _voucher(self):
        everything = Range.objects.create(name="Everything", includes_all_products=True)
        offer = ConditionalOffer.objects.create(
            name="Ten percent",
            offer_type=ConditionalOffer.VOUCHER,
            condition=Condition.objects.create(range=everything, type=Condition.COUNT, value=1),
            benefit=Benefit.objects.create(range=everything, type=Benefit.PERCENTAGE, value=10),
        )
        now = timezone.now()
        voucher = Voucher.objects.create(
            name="Anna",
            code="ANNA10",
            usage=Voucher.MULTI_USE,
            start_datetime=now - timedelta(days=1),
            end_datetime=now + timedelta(days=9),
        )
        voucher.offers.add(offer)
