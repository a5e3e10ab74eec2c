"""Arrivals through share links: the visit beacon and cookie consent."""

from portal.web.landing.consent import blueprint

__all__ = ["blueprint"]
