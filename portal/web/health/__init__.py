"""Health checks and metrics for operators."""

from portal.web.health.routes import blueprint

__all__ = ["blueprint"]
