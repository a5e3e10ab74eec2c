"""Note every change of an order in the transaction that makes it, so that no report is lost."""

import time

from django.db.models import F, Value
from django.db.models.functions import Greatest
from django.db.models.signals import post_save
from django.dispatch import receiver
from django.utils import timezone
from oscar.apps.checkout.signals import start_checkout
from oscar.core.loading import get_model

from ring_referrals.codes import code_of, current_code
from ring_referrals.models import BasketReferral, OrderReport

Order = get_model("order", "Order")
Source = get_model("payment", "Source")
Transaction = get_model("payment", "Transaction")


@receiver(start_checkout)
def remember_code_of_basket(request, **_):
    code, basket = code_of(request), request.basket
    if code and basket.pk:
        BasketReferral.objects.get_or_create(basket_id=basket.pk, defaults={"code": code})


@receiver(post_save, sender=Order)
def order_saved(instance, raw, **_):
    if not raw:
        note_change(instance)


@receiver(post_save, sender=Source)
def source_saved(instance, raw, **_):
    if not raw:
        note_change(instance.order)


@receiver(post_save, sender=Transaction)
def transaction_saved(instance, raw, **_):
    if not raw:
        note_change(instance.source.order)


def note_change(order):
    """Let the order wait for the next run of `manage.py ring_send`."""
    # Milliseconds, so that versions still grow after the shop's database was restored from a backup.
    version = time.time_ns() // 1_000_000
    _, created = OrderReport.objects.get_or_create(
        order=order,
        defaults={"code": _code_of_order(order), "version": version, "next_attempt_at": timezone.now()},
    )
    if not created:
        OrderReport.objects.filter(order=order).update(
            version=Greatest(F("version") + 1, Value(version)), attempts=0, next_attempt_at=timezone.now()
        )


def _code_of_order(order):
    stored = BasketReferral.objects.filter(basket_id=order.basket_id).first()
    return stored.code if stored else current_code()
