"""Whose pages these are: the vendors whose products the signed-in person may see, and the addresses of the pages."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from flask import url_for

from portal.catalogue import list_vendors_in, list_vendors_of_user
from portal.db import Actor
from portal.web.core.current_user import current_user
from portal.web.core.locale import select_locale

if TYPE_CHECKING:
    from models import Vendor


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

    def vendors(self) -> list[Vendor]:
        """Return these vendors in the alphabet of the page."""
        return list_vendors_in(self.vendor_ids(), select_locale())

    def actor(self) -> Actor:
        """Return the signed-in person as the author of a change."""
        return Actor.user(current_user().id)


def vendor_options(vendors: list[Vendor], *, first: str | None = None) -> list[tuple[str, str]]:
    """Return the options of a vendor field; `first` is the words of no choice."""
    options = [(str(vendor.id), vendor.name) for vendor in vendors]
    return options if first is None else [("", first), *options]
