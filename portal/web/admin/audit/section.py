"""The navigation of the section of the audit, the event log, the jobs and the ledgers."""

from __future__ import annotations

from flask import request

from portal.web.core.context import NavItem
from portal.web.core.urls import url_for
from portal.web.text.translate import gettext as _


def audit_nav() -> list[NavItem]:
    """Return links to the pages of the section."""
    entries = [
        ("admin.audit.search", _("Audit")),
        ("admin.events.list", _("Events")),
        ("admin.jobs.list", _("Jobs")),
        ("exports.ledgers", _("Ledgers")),
    ]
    return [NavItem(label, url_for(end), "", request.endpoint == end) for end, label in entries]
