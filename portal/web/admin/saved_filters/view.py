"""The row of saved filters above a page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode

from flask import url_for
from flask_login import current_user

from portal.accounts import FILTER_NAME_MAX, list_saved_filters

_ENDPOINTS = {"rewards": "admin.rewards.list", "settlements": "admin.commissions.settlements"}


@dataclass(frozen=True)
class SavedForm:
    """What somebody typed into a form of the row, and what is wrong with it; `filter_id` None: the new filter."""

    name: str = ""
    error: str = ""
    filter_id: int | None = None

    @property
    def field_id(self) -> str:
        return f"filter-name-{self.filter_id or 'new'}"


def filter_url(page: str, query: str) -> str:
    """Return the link to a page under a kept filter."""
    arguments: dict[str, Any] = dict(parse_qsl(query))
    return url_for(_ENDPOINTS[page], **arguments)


def saved_filters(page: str, query: dict[str, str], form: SavedForm | None) -> dict[str, Any]:
    """Return what the row shows: a person's filters as links, which of them is on, and the forms."""
    shown = form or SavedForm()
    rows = [
        {
            "id": kept.id,
            "name": kept.name,
            "typed": shown.name if shown.filter_id == kept.id else kept.name,
            "error": shown.error if shown.filter_id == kept.id else "",
            "url": filter_url(page, kept.query),
            "is_on": dict(parse_qsl(kept.query)) == query,
        }
        for kept in list_saved_filters(current_user.id, page)
    ]
    return {
        "page": page,
        "rows": rows,
        "query": urlencode(query),
        "is_open": form is not None,
        "name": "" if shown.filter_id else shown.name,
        "error": "" if shown.filter_id else shown.error,
        "can_save": bool(query) and not any(row["is_on"] for row in rows),
        "name_max": FILTER_NAME_MAX,
    }
