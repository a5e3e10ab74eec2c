"""The JSON API and its description."""

from portal.web.api import applications, openapi, routes
from portal.web.api.routes import blueprint

__all__ = ["applications", "blueprint", "openapi", "routes"]
