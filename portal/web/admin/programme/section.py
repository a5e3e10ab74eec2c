"""What the pages of the section share: navigation, fields with dates, who acts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from flask import request, url_for

from portal.db import Actor
from portal.lib.clock import utc_now
from portal.lib.errors import InputInvalid, PortalError
from portal.runtime import current_portal
from portal.stores import BUILT_IN_STORE_ID, get_store, list_stores
from portal.web.admin.rewards.filters import read_day
from portal.web.core.context import NavItem
from portal.web.core.current_user import current_user
from portal.web.text.messages import error_text, error_texts
from portal.web.text.translate import gettext as _

PROGRAMME_PAGE = 25


def programme_nav() -> list[NavItem]:
    """Return links to the pages of the section."""
    entries = [
        ("admin.programme.show", _("Rules")),
        ("admin.programme.campaigns", _("Campaigns")),
        ("admin.programme.bonuses", _("Personal bonuses")),
        ("admin.programme.terms", _("Terms")),
        ("admin.programme.applications", _("Applications")),
    ]
    return [NavItem(label, url_for(end), "", request.endpoint == end) for end, label in entries]


def typed_fields(names: Sequence[str]) -> dict[str, str]:
    """Return the fields of the submitted form without surrounding blanks."""
    return {name: request.form.get(name, "").strip() for name in names}


def read_start(text: str, errors: dict[str, str]) -> datetime | None:
    """Return the start of a day in the business time zone; empty and today are now, which is None."""
    settings = current_portal().settings
    start = read_day(text, "starts_at", settings, errors)
    if start is not None and start.date() == utc_now().astimezone(settings.timezone).date():
        return None
    return start


def read_end(text: str, errors: dict[str, str]) -> datetime | None:
    """Return the end of a day in the business time zone; empty is no end."""
    return read_day(text, "ends_at", current_portal().settings, errors, days=1)


def note_error(error: PortalError, errors: dict[str, str]) -> None:
    """Add the sentences of an error to those of a form, by field."""
    if isinstance(error, InputInvalid):
        errors.update(error_texts(error))
    else:
        errors[error.field or ""] = error_text(error)


def store_names() -> dict[int, str]:
    """Return the names of all stores by id, the built-in one first."""
    return {store.id: store.name for store in (get_store(BUILT_IN_STORE_ID), *list_stores())}


def acting_admin() -> Actor:
    """Return the signed-in admin as the author of a change."""
    return Actor.user(current_user().id)
