"""The filters of the list of stores, read from the URL."""

from __future__ import annotations

from collections.abc import Mapping

from portal.lib.texts import trim
from portal.stores import StoreFilter
from portal.web.core.filters import FilterView
from portal.web.text.translate import gettext as _

_STATES = {"connected": True, "disconnected": False}


def read_stores_view(arguments: Mapping[str, str]) -> FilterView[StoreFilter]:
    """Read the filters of a URL; an unknown state does not filter."""
    search, state = trim(str(arguments.get("q", "")))[:200], str(arguments.get("state", ""))
    state = state if state in _STATES else ""
    return FilterView(StoreFilter(search, _STATES.get(state)), {"q": search, "state": state})


def state_choices() -> list[tuple[str, str]]:
    """Return the states that a list can be filtered by, in words."""
    return [("", _("All")), ("connected", _("Connected")), ("disconnected", _("Disconnected"))]
