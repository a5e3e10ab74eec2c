from decimal import Decimal

from django.apps import AppConfig


class TestShopConfig(AppConfig):
    name = "shop"
    label = "test_shop"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self):
        # Forks of these two apps would need copies of their migrations, and the shop needs one method of each.
        from oscar.apps.partner.strategy import UK, Selector
        from oscar.apps.shipping.methods import FixedPrice
        from oscar.apps.shipping.repository import Repository

        Selector.strategy = lambda self, request=None, user=None, **kwargs: UK(request)
        Repository.methods = (FixedPrice(charge_excl_tax=Decimal("50.00"), charge_incl_tax=Decimal("60.00")),)
