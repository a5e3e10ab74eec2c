"""Calls from other systems: provider callbacks and the external scheduler."""

from portal.web.hooks import deliveries
from portal.web.hooks.routes import blueprint

__all__ = ["blueprint", "deliveries"]
