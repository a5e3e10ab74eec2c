"""What the shop remembers about referrals: the code of a basket, and which orders the portal does not know yet."""

from django.db import models


class BasketReferral(models.Model):
    """The code that came along when the buyer went to the checkout.

    A payment company's callback places orders without the buyer's cookies, so the code is stored with the basket.
    """

    basket = models.OneToOneField("basket.Basket", models.CASCADE, related_name="+")
    code = models.CharField(max_length=32)


class OrderReport(models.Model):
    """One row per order: its referral code, and how much of it the portal has got.

    `version` grows with every change and goes out with the snapshot. While it is above `sent_version`, the order waits.
    """

    order = models.OneToOneField("order.Order", models.CASCADE, related_name="ring_report")
    code = models.CharField(max_length=32, blank=True)
    version = models.BigIntegerField()
    sent_version = models.BigIntegerField(default=0)
    attempts = models.PositiveIntegerField(default=0)
    next_attempt_at = models.DateTimeField(db_index=True)
    last_answer = models.TextField(blank=True)
