"""The row of saved filters above a page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode

from portal.accounts import FILTER_NAME_MAX, list_saved_filters
from portal.web.core.current_user import current_user
from portal.web.core.urls import url_for

_ENDPOINTS = {"rewards": "admin.rewards.list", "settlements": "admin.commissions.settlements"}


@dataclass(frozen=True, slots=True)
class SavedForm:
    """What was typed into a form of the row and what is wrong with it; `filter_id` is None for a new filter."""

    name: str = ""
    error: str = ""
    filter_id: int | None = None

    @property
    def field_id(self) -> str:
        """The id of the field the error belongs to."""
        return f"filter-name-{self.filter_id or 'new'}"


@dataclass(frozen=True, slots=True)
class SavedFilterRow:
    """A saved filter as a link and a form; `is_on` is whether the page shows it now."""

    id: int
    name: str
    typed: str
    error: str
    url: str
    is_on: bool


@dataclass(frozen=True, slots=True)
class SavedFilters:
    """The saved filters of a page, and the form that saves the current one."""

    page: str
    rows: tuple[SavedFilterRow, ...]
    query: str
    is_open: bool
    name: str
    error: str
    can_save: bool
    name_max: int


def filter_url(page: str, query: str) -> str:
    """Return the link to a page with a saved filter."""
    arguments: dict[str, Any] = dict(parse_qsl(query))
    return url_for(_ENDPOINTS[page], **arguments)


def saved_filters(page: str, query: dict[str, str], form: SavedForm | None) -> SavedFilters:
    """Return the row of a page whose filter is `query`; `form` is a form of the row that was refused."""
    shown = form or SavedForm()
    rows = tuple(
        SavedFilterRow(
            id=saved.id,
            name=saved.name,
            typed=shown.name if shown.filter_id == saved.id else saved.name,
            error=shown.error if shown.filter_id == saved.id else "",
            url=filter_url(page, saved.query),
            is_on=dict(parse_qsl(saved.query)) == query,
        )
        for saved in list_saved_filters(current_user().id, page)
    )
    return SavedFilters(
        page=page,
        rows=rows,
        query=urlencode(query),
        is_open=form is not None,
        name="" if shown.filter_id else shown.name,
        error="" if shown.filter_id else shown.error,
        can_save=bool(query) and not any(row.is_on for row in rows),
        name_max=FILTER_NAME_MAX,
    )
