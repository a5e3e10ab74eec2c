"""Checkout: review, payment, and the page that follows a payment."""

from portal.web.checkout import pay, processing, review
from portal.web.checkout.blueprint import blueprint

__all__ = ["blueprint", "pay", "processing", "review"]
