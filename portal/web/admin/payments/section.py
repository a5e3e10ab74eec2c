"""The navigation of the payment section."""

from __future__ import annotations

from flask import request

from portal.db.failing import count_failing
from portal.payments import count_open_callbacks
from portal.proposals import count_waiting_proposals
from portal.web.core.context import NavItem
from portal.web.core.urls import url_for
from portal.web.text.translate import gettext as _


def payment_nav() -> list[NavItem]:
    """Return links to the pages of the section."""
    here = request.endpoint or ""
    inbox = here in ("admin.payments.inbox", "admin.payments.callback", "admin.payments.close_callback")
    return [
        NavItem(_("Callbacks"), url_for("admin.payments.inbox"), "", inbox, count_open_callbacks()),
        NavItem(
            _("Second admin"),
            url_for("admin.payments.proposals"),
            "",
            "proposal" in here,
            count_waiting_proposals(),
        ),
        NavItem(_("Set aside"), url_for("admin.payments.failing"), "", "failing" in here, count_failing()),
        NavItem(_("Credit"), url_for("admin.payments.credit"), "", here.startswith("admin.payments.credit")),
    ]
