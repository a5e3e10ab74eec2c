"""The filters of the event log, read from the URL; page and export share them."""

from __future__ import annotations

from collections.abc import Mapping

from portal.accounts import UserUnknown, find_user_by_email
from portal.db import EventFilter
from portal.lib.texts import identifier_form
from portal.settings import Settings
from portal.web.core.filters import FilterView, read_days, read_reference
from portal.web.text.messages import error_text

FIELDS = ("actor", "entity", "id", "event", "orderReference", "since", "until")


def read_events_view(arguments: Mapping[str, str], settings: Settings) -> FilterView[EventFilter]:
    """Read the filters of a URL; an invalid field gets an error and does not filter."""
    typed = {name: identifier_form(str(arguments.get(name, "")))[:200] for name in FIELDS}
    errors: dict[str, str] = {}
    since, until = read_days(typed, settings, errors)
    filters = EventFilter(
        actor=_actor(typed["actor"], errors),
        entity=typed["entity"],
        entity_id=typed["id"],
        event=typed["event"],
        reference=read_reference(typed["orderReference"]),
        since=since,
        until=until,
    )
    return FilterView(filters, typed, errors)


def _actor(text: str, errors: dict[str, str]) -> str:
    """Return the label of an actor; a person is named by e-mail."""
    if "@" not in text:
        return text
    person = find_user_by_email(text)
    if person is None:
        errors["actor"] = error_text(UserUnknown(field="actor"))
        return ""
    return f"user:{person.id}"
