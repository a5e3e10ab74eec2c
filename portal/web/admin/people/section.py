"""The navigation of the section of people and vendors."""

from __future__ import annotations

from flask import request

from portal.web.core.context import NavItem
from portal.web.core.urls import url_for
from portal.web.text.translate import gettext as _


def people_nav() -> list[NavItem]:
    """Return links to the pages of the section."""
    entries = [
        ("admin.people.list", _("People")),
        ("admin.referrers.list", _("Referrers")),
        ("admin.vendors.list", _("Vendors")),
    ]
    return [NavItem(label, url_for(end), "", request.endpoint == end) for end, label in entries]
