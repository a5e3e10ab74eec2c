"""The pages of connected stores, for admins and for vendors with a store of their own."""

from portal.web.stores import connect, events, goods, keys, settings, show, signing, webhooks
from portal.web.stores.area import register_views

# Importing these modules adds their views.
VIEWS = (connect, show, events, keys, goods, settings, signing, webhooks)

__all__ = ["VIEWS", "register_views"]
