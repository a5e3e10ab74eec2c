"""The pages of referrers."""

from portal.web.referrer.dashboard import blueprint

__all__ = ["blueprint"]
