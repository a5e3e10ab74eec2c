"""Saved filters: named URL arguments of a page, one list per person and page."""

from __future__ import annotations

from peewee import IntegrityError

from models import SavedFilter
from portal.db import transaction
from portal.lib.errors import PortalError
from portal.lib.texts import clean_line, comparison_form

FILTER_NAME_MAX = 40
FILTERS_MAX = 12


class FilterNameInvalid(PortalError):
    """The name is not 1 to FILTER_NAME_MAX characters."""

    code = "filter_name_invalid"


class FilterNameTaken(PortalError):
    code = "filter_name_taken"


class FilterLimit(PortalError):
    """The person already has FILTERS_MAX filters of this page."""

    code = "filter_limit"


class FilterUnknown(PortalError):
    code = "filter_unknown"


def list_saved_filters(user_id: int, page: str) -> list[SavedFilter]:
    """Return a person's filters of a page, oldest first."""
    rows = SavedFilter.select().where(SavedFilter.user_id == user_id, SavedFilter.page == page)
    return list(rows.order_by(SavedFilter.id))


def get_saved_filter(user_id: int, filter_id: int) -> SavedFilter:
    """Return a filter of a person; raise FilterUnknown, also for filters of others."""
    row = SavedFilter.get_or_none(SavedFilter.id == filter_id, SavedFilter.user_id == user_id)
    if row is None:
        raise FilterUnknown
    return row


def save_filter(user_id: int, page: str, name: str, query: str) -> None:
    """Save URL arguments of a page under a name; raise FilterNameInvalid, FilterNameTaken or FilterLimit."""
    cleaned = clean_name(name)
    existing = list_saved_filters(user_id, page)
    _refuse_taken(cleaned, existing)
    if len(existing) >= FILTERS_MAX:
        raise FilterLimit(field="name", at_most=FILTERS_MAX)
    inserted = (
        SavedFilter.insert(user_id=user_id, page=page, name=cleaned, query=query)
        .on_conflict_ignore()
        .returning(SavedFilter.id)
        .execute()
    )
    if not list(inserted):
        raise FilterNameTaken(field="name")


def rename_filter(user_id: int, filter_id: int, name: str) -> None:
    """Rename a filter of a person; raise FilterUnknown, FilterNameInvalid or FilterNameTaken."""
    row = get_saved_filter(user_id, filter_id)
    cleaned = clean_name(name)
    _refuse_taken(cleaned, [each for each in list_saved_filters(user_id, row.page) if each.id != row.id])
    try:
        with transaction():
            SavedFilter.update(name=cleaned).where(SavedFilter.id == row.id).execute()
    except IntegrityError:
        raise FilterNameTaken(field="name") from None


def remove_filter(user_id: int, filter_id: int) -> None:
    """Delete a filter of a person; deleting it again is no error."""
    SavedFilter.delete().where(SavedFilter.id == filter_id, SavedFilter.user_id == user_id).execute()


def _refuse_taken(name: str, filters: list[SavedFilter]) -> None:
    if comparison_form(name) in {comparison_form(each.name) for each in filters}:
        raise FilterNameTaken(field="name")


def clean_name(text: str) -> str:
    """Return a name in normal form; raise FilterNameInvalid or CharacterRefused."""
    name = clean_line(text, "name")
    if not 1 <= len(name) <= FILTER_NAME_MAX:
        raise FilterNameInvalid(field="name", at_most=FILTER_NAME_MAX)
    return name
