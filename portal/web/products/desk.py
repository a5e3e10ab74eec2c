"""Whose pages these are: the vendors whose products the signed-in person may see, and the addresses of the pages."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from portal.catalogue import list_vendors_in, list_vendors_of_user
from portal.db import Actor
from portal.web.core.current_user import current_user
from portal.web.core.locale import select_locale
from portal.web.core.urls import url_for
from portal.web.core.vendor_field import VendorField, chosen_vendor, vendor_field


@dataclass(frozen=True, slots=True)
class Desk:
    """The pages of a role, `admin` or `vendor`."""

    role: str

    def url(self, page: str, **arguments: Any) -> str:
        """Return the address of one of the pages, by the name of its view."""
        return url_for(f"{self.role}.products.{page}", **arguments)

    def vendor_ids(self) -> Collection[int] | None:
        """Return the vendors whose products the person may see and change, None for all."""
        if self.role == "admin":
            return None
        return [vendor.id for vendor in list_vendors_of_user(current_user().id, select_locale())]

    def vendor_field(self, typed: str, first: str | None = None) -> VendorField:
        """Return the field for one of these vendors; `first` is the words of no choice."""
        return vendor_field(typed, self.vendor_ids(), first)

    def has_vendors(self) -> bool:
        """Return whether there is a vendor whose products the person may create."""
        return bool(list_vendors_in(self.vendor_ids(), select_locale(), 1))

    def chosen_vendor(self, typed: str) -> int | None:
        """Return the number of the vendor of these that a field names, or None."""
        return chosen_vendor(typed, self.vendor_ids())

    def actor(self) -> Actor:
        """Return the signed-in person as the author of a change."""
        return Actor.user(current_user().id)
