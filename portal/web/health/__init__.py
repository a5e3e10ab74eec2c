"""Health checks and metrics for operators."""

from portal.web.health.routes import blueprint, health_monitor

__all__ = ["blueprint", "health_monitor"]
