"""The pages of vendors."""

from portal.web.vendor.earnings import blueprint

__all__ = ["blueprint"]
