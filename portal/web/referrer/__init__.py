"""The pages of referrers."""

from portal.web.referrer import code, stores, terms
from portal.web.referrer.dashboard import blueprint

# Importing the module adds its routes.
ROUTES = (code, stores, terms)

__all__ = ["ROUTES", "blueprint"]
