"""A field for one of many vendors: a choice while a page can list them, else a field that suggests while typing.

Without scripts a number, a name or a part of a name is typed; what names several vendors is refused with a sentence.
"""

from __future__ import annotations

import re
from collections.abc import Collection

from portal.catalogue import find_vendor, list_vendors_in, list_vendors_named
from portal.lib.values import dataclass
from portal.web.core.locale import select_locale

# A page lists no more vendors than this.
MOST = 50
_NUMBERED = re.compile(r"([0-9]{1,18})(?: · .*)?")


@dataclass(frozen=True, slots=True)
class VendorField:
    """The options of the field, (number, name), empty where there are too many; `typed` is its text."""

    options: list[tuple[str, str]]
    typed: str


def vendor_field(typed: str, vendor_ids: Collection[int] | None, first: str | None = None) -> VendorField:
    """Return the field for these vendors, for all where None; `first` is the words of no choice."""
    listed = list_vendors_in(vendor_ids, select_locale(), MOST + 1)
    if len(listed) <= MOST:
        options = [(str(vendor.id), vendor.name) for vendor in listed]
        return VendorField(options if first is None else [("", first), *options], typed)
    vendor = find_vendor(int(typed)) if _NUMBERED.fullmatch(typed) and typed.isdecimal() else None
    return VendorField([], f"{vendor.id} · {vendor.name}" if vendor else typed)


def read_vendor(typed: str, vendor_ids: Collection[int] | None) -> str:
    """Return the number of the vendor that was chosen, or named by a number or a part of the name that no other has.

    Return what was typed where it is empty or names no vendor, or several.
    """
    if numbered := _NUMBERED.fullmatch(typed):
        return numbered[1]
    found = list_vendors_named(typed, vendor_ids, select_locale(), 2) if typed else []
    return str(found[0].id) if len(found) == 1 else typed


def suggestions(typed: str) -> list[str]:
    """Return the texts of the vendors that a started text may mean, in the alphabet of the page."""
    name = typed.partition(" · ")[2] or typed
    found = list_vendors_named(name, None, select_locale(), MOST)
    return [f"{vendor.id} · {vendor.name}" for vendor in found]
