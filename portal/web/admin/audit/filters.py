"""The filters of the journal, read from the URL; page and export share them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from portal.journal import JournalFilter, has_account
from portal.lib.texts import identifier_form
from portal.web.core.filters import FilterView, read_reference
from portal.web.text.translate import gettext as _

FIELDS = ("orderReference", "account")
_LENGTH_MAX = 200


def read_journal_view(arguments: Mapping[str, Any]) -> FilterView[JournalFilter]:
    """Read the filters of a URL; an account without transfers gets an error and does not filter."""
    typed = {name: identifier_form(str(arguments.get(name, "")))[:_LENGTH_MAX] for name in FIELDS}
    account, errors = typed["account"], dict[str, str]()
    if account and not has_account(account):
        errors["account"] = _(
            "No entry names this account. Follow the link of an account in the table, or enter its identifier, such"
            " as vendor_payable:7."
        )
        account = ""
    return FilterView(JournalFilter(read_reference(typed["orderReference"]), account), typed, errors)
