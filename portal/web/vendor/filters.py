"""The filters of a vendor's orders, read from the URL; page and export share them."""

from __future__ import annotations

from collections.abc import Mapping

from portal.lib.texts import identifier_form
from portal.orders import SoldFilter
from portal.settings import Settings
from portal.stores import ChoiceInvalid
from portal.web.core.filters import FilterView, read_days
from portal.web.text.messages import error_text

STATES = ("open", "delivered", "cancelled")


def read_sales_view(arguments: Mapping[str, str], settings: Settings) -> FilterView[SoldFilter]:
    """Read the filters of a URL; an invalid field gets an error and does not filter."""
    typed = {name: arguments.get(name, "").strip()[:200] for name in ("state", "number", "since", "until")}
    typed["number"] = identifier_form(typed["number"])
    errors: dict[str, str] = {}
    if typed["state"] not in ("", *STATES):
        errors["state"] = error_text(ChoiceInvalid(field="state", choices=", ".join(STATES)))
    since, until = read_days(typed, settings, errors)
    filters = SoldFilter(
        state="" if "state" in errors else typed["state"],
        number=typed["number"],
        since=since,
        until=until,
    )
    return FilterView(filters, typed, errors)
