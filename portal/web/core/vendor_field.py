"""A field for one of many vendors: a choice while a page can list them, else a field that suggests while typing.

Without scripts a number, a name or a part of a name is typed; what names several vendors is refused with a sentence.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

from flask import render_template, request

from portal.catalogue import VENDOR_NAME_MAX, find_vendor, list_vendors_in, list_vendors_named
from portal.web.core.locale import select_locale
from portal.web.core.urls import url_for

# A page lists no more vendors than this.
MOST = 50
_NUMBERED = re.compile(r"([0-9]{1,18})(?: · .*)?")


@dataclass(frozen=True, slots=True)
class VendorField:
    """The options of the field, (number, name), empty where there are too many; `typed` is its text.

    `suggest_url` is where the field of many finds its suggestions.
    """

    options: list[tuple[str, str]]
    typed: str
    suggest_url: str = ""


def vendor_field(typed: str, vendor_ids: Collection[int] | None, first: str | None = None) -> VendorField:
    """Return the field for these vendors, for all where None; `first` is the words of no choice."""
    listed = list_vendors_in(vendor_ids, select_locale(), MOST + 1)
    if len(listed) <= MOST:
        options = [(str(vendor.id), vendor.name) for vendor in listed]
        return VendorField(options if first is None else [("", first), *options], typed)
    vendor = find_vendor(int(typed)) if _NUMBERED.fullmatch(typed) and typed.isdecimal() else None
    endpoint = "admin.vendors.suggest" if vendor_ids is None else "vendor.suggest"
    return VendorField([], f"{vendor.id} · {vendor.name}" if vendor else typed, url_for(endpoint))


def read_vendor(typed: str, vendor_ids: Collection[int] | None) -> str:
    """Return the number of the vendor that was chosen, or named by a number or a part of the name that no other has.

    Return what was typed where it is empty or names no vendor, or several.
    """
    if numbered := _NUMBERED.fullmatch(typed):
        return numbered[1]
    found = list_vendors_named(typed, vendor_ids, select_locale(), 2) if typed else []
    return str(found[0].id) if len(found) == 1 else typed


def chosen_vendor(typed: str, vendor_ids: Collection[int] | None) -> int | None:
    """Return the number of the one of these vendors, of all for None, that a field names, or None."""
    number = read_vendor(typed.strip(), vendor_ids)
    if not (number.isascii() and number.isdecimal() and len(number) < 19):
        return None
    vendor = find_vendor(int(number))
    return vendor.id if vendor and (vendor_ids is None or vendor.id in vendor_ids) else None


def suggestions_page(vendor_ids: Collection[int] | None) -> str:
    """Return the vendors of these, of all for None, that the text of the field may mean, as options of a list."""
    typed = next(iter(request.args.values()), "").strip()[:VENDOR_NAME_MAX]
    name = typed.partition(" · ")[2] or typed
    found = list_vendors_named(name, vendor_ids, select_locale(), MOST)
    return render_template(
        "components/_suggestions.html", found=[f"{vendor.id} · {vendor.name}" for vendor in found]
    )
