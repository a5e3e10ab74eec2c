"""Filters a person has named, to come back to: what stands in the URL of a page, one list a person and page."""

from __future__ import annotations

from peewee import IntegrityError

from models import SavedFilter
from portal.db import transaction
from portal.lib.errors import PortalError

FILTER_NAME_MAX = 40
FILTERS_MAX = 12


class FilterNameInvalid(PortalError):
    """A name is 1 to FILTER_NAME_MAX characters without control characters."""

    code = "filter_name_invalid"


class FilterNameTaken(PortalError):
    code = "filter_name_taken"


class FilterLimit(PortalError):
    """A person keeps at most FILTERS_MAX filters of a page: they stand in one row above it."""

    code = "filter_limit"


class FilterUnknown(PortalError):
    code = "filter_unknown"


def list_saved_filters(user_id: int, page: str) -> list[SavedFilter]:
    """Return a person's filters of a page, in the order they were saved."""
    rows = SavedFilter.select().where(SavedFilter.user_id == user_id, SavedFilter.page == page)
    return list(rows.order_by(SavedFilter.id))


def get_saved_filter(user_id: int, filter_id: int) -> SavedFilter:
    """Return a person's own filter. Raises FilterUnknown, also for somebody else's."""
    found = SavedFilter.get_or_none(SavedFilter.id == filter_id, SavedFilter.user_id == user_id)
    if found is None:
        raise FilterUnknown
    return found


def save_filter(user_id: int, page: str, name: str, query: str) -> None:
    """Keep a page's URL arguments under a name. Raises FilterNameInvalid, FilterNameTaken, FilterLimit."""
    told = clean_name(name)
    if len(list_saved_filters(user_id, page)) >= FILTERS_MAX:
        raise FilterLimit(field="name", at_most=FILTERS_MAX)
    kept = (
        SavedFilter.insert(user_id=user_id, page=page, name=told, query=query)
        .on_conflict_ignore()
        .returning(SavedFilter.id)
        .execute()
    )
    if not list(kept):
        raise FilterNameTaken(field="name")


def rename_filter(user_id: int, filter_id: int, name: str) -> None:
    """Give a person's own filter another name. Raises FilterUnknown, FilterNameInvalid, FilterNameTaken."""
    found = get_saved_filter(user_id, filter_id)
    told = clean_name(name)
    try:
        with transaction():
            SavedFilter.update(name=told).where(SavedFilter.id == found.id).execute()
    except IntegrityError:
        raise FilterNameTaken(field="name") from None


def remove_filter(user_id: int, filter_id: int) -> None:
    """Forget a person's own filter; one that is gone already is no error."""
    SavedFilter.delete().where(SavedFilter.id == filter_id, SavedFilter.user_id == user_id).execute()


def clean_name(text: str) -> str:
    """Return a name with single spaces. Raises FilterNameInvalid."""
    name = " ".join(text.split())
    if not 1 <= len(name) <= FILTER_NAME_MAX or not name.isprintable():
        raise FilterNameInvalid(field="name", at_most=FILTER_NAME_MAX)
    return name
