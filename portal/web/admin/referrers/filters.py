"""The filters of the list of referrers, read from the URL; page and export share them."""

from __future__ import annotations

from collections.abc import Mapping

from portal.flows.overviews.referrers import NEWEST, ORDERS, STATES, ReferrerFilter
from portal.lib.texts import identifier_form
from portal.web.core.filters import FilterView, read_search

SEARCH_MAX = 320


def read_referrers_view(arguments: Mapping[str, str]) -> FilterView[ReferrerFilter]:
    """Read the filters of a URL; an unknown state or order does not count, a mistyped address gets an error."""
    typed = {name: str(arguments.get(name, "")) for name in ("q", "state", "order")}
    typed["q"] = identifier_form(typed["q"])[:SEARCH_MAX]
    typed["state"] = typed["state"] if typed["state"] in STATES else ""
    typed["order"] = typed["order"] if typed["order"] in ORDERS and typed["order"] != NEWEST else ""
    errors: dict[str, str] = {}
    search = read_search(typed["q"], "q", errors)
    return FilterView(ReferrerFilter(search, typed["state"], typed["order"] or NEWEST), typed, errors)
