"""The API that connected stores call with a key. See docs/stores/api.md."""

from portal.web.api.v1 import attribution, customers, events, orders, referrers, refunds
from portal.web.api.v1.blueprint import blueprint

# The modules share the blueprint: importing them adds their routes.
ROUTES = (attribution, customers, events, orders, referrers, refunds)

__all__ = ["ROUTES", "blueprint"]
