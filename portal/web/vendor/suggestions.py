"""Suggestions beside a field for one of many own vendors."""

from __future__ import annotations

from flask.typing import ResponseReturnValue

from portal.catalogue import list_vendors_of_user
from portal.web.core.access import for_role
from portal.web.core.current_user import current_user
from portal.web.core.locale import select_locale
from portal.web.core.vendor_field import suggestions_page
from portal.web.vendor.earnings import blueprint


@blueprint.get("/suggest")
@for_role("vendor")
def suggest() -> ResponseReturnValue:
    """Return the own vendors that a started name may mean, as options of a list."""
    own = list_vendors_of_user(current_user().id, select_locale())
    return suggestions_page([vendor.id for vendor in own])
