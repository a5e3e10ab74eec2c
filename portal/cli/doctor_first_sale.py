"""The check of `flask doctor` for what is missing before the first sale; none of it is a failure."""

from __future__ import annotations

from collections.abc import Iterator

from portal.cli.findings import Finding
from portal.flows.overviews.first_sale import missing_before_first_sale
from portal.lib.folders import PROGRAM
from portal.settings import Settings

MAKE_ADMIN = f"run `{PROGRAM} user create EMAIL --admin`"

_MISSING = {
    "brand": ("BRAND_NAME is not set", "pages and letters carry the name of the software"),
    "admin": ("no admin", MAKE_ADMIN),
    "second_admin": ("one admin only", f"{MAKE_ADMIN}: what is above a limit waits for a second one"),
    "vendor": ("no vendor", f"run `{PROGRAM} vendor create NAME --owner EMAIL`"),
    "goods": (
        "nothing to sell",
        f"add a product at /admin/products, or connect a store: `{PROGRAM} store create NAME`",
    ),
}


def check_first_sale(settings: Settings) -> Iterator[Finding]:
    """Name what is missing before the first sale; mail and the contract have checks of their own."""
    for code in missing_before_first_sale(settings):
        yield Finding("first sale", *_MISSING[code])
