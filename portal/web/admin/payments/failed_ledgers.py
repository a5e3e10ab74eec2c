"""The list of ledger entries that could not be written, shown on the audit page and in the inbox."""

from __future__ import annotations

from typing import Any

from flask import request

from portal.payments import count_open_rail_failures, list_open_rail_failures
from portal.web.admin.payments.presenters import failure_rows
from portal.web.core.urls import url_for

_CURSOR = "failures_cursor"


def failed_ledgers(endpoint: str, **query: Any) -> dict[str, Any]:
    """Return the context of `_failed_ledgers.html` on the page of an endpoint; raise CursorInvalid."""
    page = list_open_rail_failures(request.args.get(_CURSOR))
    first = url_for(endpoint, _anchor="rails", **query)
    further = url_for(endpoint, _anchor="rails", **query, failures_cursor=page.next_cursor)
    return {
        "failures": failure_rows(page.rows),
        "failure_count": count_open_rail_failures(),
        "next_failures": further if page.next_cursor else None,
        "first_failures": first if _CURSOR in request.args else None,
    }
