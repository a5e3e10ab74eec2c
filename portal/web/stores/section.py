"""The navigation between the pages of a store."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import request

from portal.stores import BUILT_IN_STORE_ID
from portal.web.core.context import NavItem
from portal.web.core.urls import url_for
from portal.web.text.translate import gettext as _

if TYPE_CHECKING:
    from models import Store


def section_nav(endpoint: str, store: Store) -> list[NavItem]:
    """Return links to the pages of a store below the endpoint of an area; the built-in shop has webhooks only."""
    if store.id == BUILT_IN_STORE_ID:
        return []
    entries = [
        ("show", _("Connection")),
        ("events", _("Events")),
        ("keys", _("Keys and secrets")),
        ("goods", _("Vendors, rates, coupons")),
        ("settings", _("Settings")),
        ("webhooks", _("Webhooks")),
    ]
    return [
        NavItem(
            label,
            url_for(f"{endpoint}.{view}", store_id=store.id),
            "",
            request.endpoint == f"{endpoint}.{view}",
        )
        for view, label in entries
    ]
