"""The filters of the settlement ledger, read from the URL; page and export share them."""

from __future__ import annotations

from collections.abc import Mapping

from portal.commissions import SettlementFilter, list_currencies
from portal.lib.money import CurrencyUnknown, check_currency
from portal.lib.texts import identifier_form
from portal.settings import Settings
from portal.web.core.filters import FilterView, read_days, read_reference
from portal.web.core.vendor_field import chosen_vendor, read_vendor
from portal.web.text.messages import error_text
from portal.web.text.translate import gettext as _

STATUSES = ("pending", "processing", "completed", "failed", "held", "cancelled")
FIELDS = ("status", "vendor", "orderReference", "currency", "since", "until")


def read_ledger_view(arguments: Mapping[str, str], settings: Settings) -> FilterView[SettlementFilter]:
    """Read the filters of a URL; an invalid field gets an error and does not filter."""
    typed = {name: arguments.get(name, "").strip()[:200] for name in FIELDS}
    typed["orderReference"] = identifier_form(typed["orderReference"])
    errors: dict[str, str] = {}
    typed["vendor"], vendor_id = _vendor(typed["vendor"], errors)
    since, until = read_days(typed, settings, errors)
    filters = SettlementFilter(
        status=typed["status"] if typed["status"] in STATUSES else "",
        vendor_id=vendor_id,
        reference=read_reference(typed["orderReference"]),
        currency=_currency(typed["currency"], errors),
        since=since,
        until=until,
    )
    return FilterView(filters, typed, errors)


def read_vendor_view(arguments: Mapping[str, str]) -> FilterView[list[int] | None]:
    """Read the vendor of a URL as the list of its number, None for all; an unknown one gets an error."""
    errors: dict[str, str] = {}
    typed, vendor_id = _vendor(arguments.get("vendor", "").strip()[:200], errors)
    return FilterView(None if vendor_id is None else [vendor_id], {"vendor": typed}, errors)


def _vendor(text: str, errors: dict[str, str]) -> tuple[str, int | None]:
    """Return the text of the field of a vendor and the vendor's number; add to `errors` what names no single one."""
    typed = read_vendor(text, None)
    vendor_id = chosen_vendor(typed, None) if typed else None
    if typed and vendor_id is None:
        errors["vendor"] = _("No vendor, or more than one, has this in its name. Choose one from the list.")
    return typed, vendor_id


def _currency(text: str, errors: dict[str, str]) -> str:
    """Return a currency, also one that only settlements of earlier releases have; add to `errors` any other text."""
    if not text or text in list_currencies():
        return text
    try:
        return check_currency(text)
    except CurrencyUnknown as error:
        errors["currency"] = error_text(error)
        return ""
