"""The filters of the list of referrers, read from the URL; page and export share them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from portal.flows.overviews.referrers import NEWEST, ORDERS, STATES, ReferrerFilter
from portal.lib.texts import identifier_form

SEARCH_MAX = 320


@dataclass(frozen=True, slots=True)
class ReferrersView:
    """The filter of a URL and its fields as typed."""

    filter: ReferrerFilter
    typed: dict[str, str]

    @property
    def query(self) -> dict[str, str]:
        """Return the URL's arguments without the empty ones."""
        return {name: value for name, value in self.typed.items() if value}


def read_referrers_view(arguments: Mapping[str, str]) -> ReferrersView:
    """Read the filters of a URL; an unknown state or order does not count."""
    typed = {name: str(arguments.get(name, "")) for name in ("q", "state", "order")}
    typed["q"] = identifier_form(typed["q"])[:SEARCH_MAX]
    typed["state"] = typed["state"] if typed["state"] in STATES else ""
    typed["order"] = typed["order"] if typed["order"] in ORDERS and typed["order"] != NEWEST else ""
    return ReferrersView(ReferrerFilter(typed["q"], typed["state"], typed["order"] or NEWEST), typed)
