"""What the pages of the section share: navigation, fields with dates, who acts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from flask import request

from portal.db import Actor
from portal.lib.clock import utc_now
from portal.lib.errors import InputInvalid, PortalError
from portal.runtime import current_portal
from portal.web.core.context import NavItem
from portal.web.core.current_user import current_user
from portal.web.core.filters import read_day
from portal.web.core.urls import url_for
from portal.web.text.messages import error_text, error_texts
from portal.web.text.translate import gettext as _

PROGRAMME_PAGE = 25

Value = TypeVar("Value")


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


class DatedForm:
    """A submitted form of rules with a start and an end: its fields without surrounding blanks, and errors by field.

    `starts_at` and `ends_at` are days in the business time zone. An empty start and today are now, which is None.
    """

    def __init__(self, names: Sequence[str]) -> None:
        self.typed = {name: request.form.get(name, "").strip() for name in names}
        self.errors: dict[str, str] = {}
        settings = current_portal().settings
        start = read_day(self.typed["starts_at"], "starts_at", settings, self.errors)
        is_today = start is not None and start.date() == utc_now().astimezone(settings.timezone).date()
        self.starts_at = None if is_today else start
        self.ends_at = read_day(self.typed["ends_at"], "ends_at", settings, self.errors, days=1)

    def read(self, name: str, parse: Callable[[str], Value]) -> Value | None:
        """Return the value of a field, None with an error of the field if it is invalid."""
        try:
            return parse(self.typed[name])
        except PortalError as error:
            note_error(error, self.errors, name)
            return None


def note_error(error: PortalError, errors: dict[str, str], name: str = "") -> None:
    """Add the sentences of an error to those of a form; `name` is the field of an error that names none."""
    if isinstance(error, InputInvalid):
        errors.update(error_texts(error))
    else:
        errors[error.field or name] = error_text(error)


def acting_admin() -> Actor:
    """Return the signed-in admin as the author of a change."""
    return Actor.user(current_user().id)
