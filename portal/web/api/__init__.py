"""The JSON API and its description."""

from portal.web.api import openapi, routes
from portal.web.api.routes import blueprint

__all__ = ["blueprint", "openapi", "routes"]
