"""The filters of the list of vendors, read from the URL; page and export share them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from portal.lib.texts import trim
from portal.web.core.filters import FilterView

_STATES = {"active": True, "inactive": False}


@dataclass(frozen=True, slots=True)
class VendorFilter:
    """A part of a name, "" for all, and whether only vendors on sale or off sale are shown, None for both."""

    search: str
    active: bool | None


def read_vendors_view(arguments: Mapping[str, str]) -> FilterView[VendorFilter]:
    """Read the filters of a URL; an unknown state does not filter."""
    search, state = trim(str(arguments.get("q", "")))[:200], str(arguments.get("state", ""))
    state = state if state in _STATES else ""
    return FilterView(VendorFilter(search, _STATES.get(state)), {"q": search, "state": state})
