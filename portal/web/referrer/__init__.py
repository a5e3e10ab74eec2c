"""The pages of referrers."""

from portal.web.referrer import code, joining, stores, terms
from portal.web.referrer.dashboard import blueprint

# Importing the module adds its routes.
ROUTES = (code, joining, stores, terms)

__all__ = ["ROUTES", "blueprint"]
