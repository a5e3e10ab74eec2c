"""The pages about money to vendors, as the chips above them."""

from __future__ import annotations

from flask import request, url_for

from portal.web.context import NavItem
from portal.web.translate import gettext as _


def section_nav() -> list[NavItem]:
    """Return links to the ledger and the pages beside it."""
    entries = [
        ("admin.settlements", _("Settlements")),
        ("admin.payout_review", _("Process due")),
        ("admin.payout_batches", _("Batches")),
        ("admin.product_rates", _("Product rates")),
        ("admin.merchants", _("Vendor terms")),
        ("admin.journal", _("Journal")),
    ]
    return [NavItem(label, url_for(end), "", request.endpoint == end) for end, label in entries]
