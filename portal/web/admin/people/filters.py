"""The filters of the list of people, read from the URL; page and export share them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from portal.accounts import ROLES
from portal.flows.overviews.people import STATES, PeopleFilter
from portal.lib.texts import trim

FIELDS = ("q", "role", "state")
SEARCH_MAX = 200


@dataclass(frozen=True, slots=True)
class PeopleView:
    """The filter of a URL and its fields as typed."""

    filter: PeopleFilter
    typed: dict[str, str]

    @property
    def query(self) -> dict[str, str]:
        """Return the URL's arguments without the empty ones."""
        return {name: value for name, value in self.typed.items() if value}


def read_people_view(arguments: Mapping[str, str]) -> PeopleView:
    """Read the filters of a URL; an unknown role or state does not filter."""
    typed = {name: trim(str(arguments.get(name, "")))[:SEARCH_MAX] for name in FIELDS}
    typed["role"] = typed["role"] if typed["role"] in ROLES else ""
    typed["state"] = typed["state"] if typed["state"] in STATES else ""
    return PeopleView(PeopleFilter(typed["q"], typed["role"], typed["state"]), typed)
