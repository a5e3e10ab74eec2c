"""Checkout: review, payment and the page that follows a payment."""

from portal.web.checkout.pages import blueprint

__all__ = ["blueprint"]
