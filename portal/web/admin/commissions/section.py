"""The navigation of the commission section."""

from __future__ import annotations

from flask import request

from portal.web.core.context import NavItem
from portal.web.core.urls import url_for
from portal.web.text.translate import gettext as _


def section_nav() -> list[NavItem]:
    """Return links to the pages of the section."""
    entries = [
        ("admin.commissions.settlements", _("Settlements")),
        ("admin.commissions.payout_review", _("Process due")),
        ("admin.commissions.payout_batches", _("Batches")),
        ("admin.commissions.statements", _("Statements")),
        ("admin.commissions.unknown_payments", _("Unknown payments")),
        ("admin.commissions.product_rates", _("Product rates")),
        ("admin.vendors.list", _("Vendors")),
        ("admin.audit.journal", _("Journal")),
    ]
    return [NavItem(label, url_for(end), "", request.endpoint == end) for end, label in entries]
