"""Sentences about commission terms."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from portal.web.text.format import percent
from portal.web.text.translate import gettext as _


def terms_exceed(params: Mapping[str, Any]) -> str:
    """Return why percents cannot be saved: their `total`, and the `vendor` whose terms they conflict with, if any."""
    total = percent(params["total"])
    if "vendor" in params:
        return _(
            "With the terms of %(vendor)s the commissions would exceed the sale: %(total)s together."
            " Enter less, or lower a percent in those terms.",
            vendor=params["vendor"],
            total=total,
        )
    return _("Together the commissions would exceed the sale: %(total)s. Lower one of them.", total=total)
