"""The built-in shop: catalogue, cart, orders, membership."""

from portal.web.shop import cart, catalogue, membership, orders
from portal.web.shop.blueprint import blueprint

__all__ = ["blueprint", "cart", "catalogue", "membership", "orders"]
