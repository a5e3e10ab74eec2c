"""The filters of the list of people, read from the URL; page and export share them."""

from __future__ import annotations

from collections.abc import Mapping

from portal.accounts import ROLES
from portal.flows.overviews.people import STATES, PeopleFilter
from portal.lib.texts import trim
from portal.web.core.filters import FilterView, read_search

FIELDS = ("q", "role", "state")
SEARCH_MAX = 200


def read_people_view(arguments: Mapping[str, str]) -> FilterView[PeopleFilter]:
    """Read the filters of a URL; an unknown role or state does not filter, a mistyped address gets an error."""
    typed = {name: trim(str(arguments.get(name, "")))[:SEARCH_MAX] for name in FIELDS}
    typed["role"] = typed["role"] if typed["role"] in ROLES else ""
    typed["state"] = typed["state"] if typed["state"] in STATES else ""
    errors: dict[str, str] = {}
    search = read_search(typed["q"], "q", errors)
    return FilterView(PeopleFilter(search, typed["role"], typed["state"]), typed, errors)
