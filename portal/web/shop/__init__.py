"""The built-in shop: catalogue, product, cart, orders, membership."""

from portal.web.shop.pages import blueprint

__all__ = ["blueprint"]
