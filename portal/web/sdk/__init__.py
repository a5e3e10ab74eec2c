"""What pages of connected stores load: the snippet `ring.js` and the badge."""

from portal.web.sdk import referrers
from portal.web.sdk.routes import blueprint

# Importing the module adds its routes.
ROUTES = (referrers,)

__all__ = ["ROUTES", "blueprint"]
