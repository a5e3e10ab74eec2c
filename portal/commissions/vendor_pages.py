"""Pages of sums by vendor and currency, in the alphabet of the reader's language."""

from __future__ import annotations

from typing import Any

from peewee import IntegerField, TextField

from models import Vendor
from portal.db import CursorInvalid, Page, cut_page, parse_cursor, query

SUMS_PAGE = 20
# Of a query that joins `vendors` as v and has a column `currency`; `after` is the last row of the page before.
AFTER = """(%(after)s::bigint IS NULL OR (alphabet_key(v.name, %(language)s) COLLATE "C", v.id, currency)
    > (SELECT alphabet_key(name, %(language)s) COLLATE "C", id, %(after_currency)s
        FROM vendors WHERE id = %(after)s))"""
ORDER = 'ORDER BY alphabet_key(v.name, %(language)s) COLLATE "C", v.id, currency LIMIT %(rows)s'


def page_by_vendor(
    sql: str, language: str, cursor: str | None, arguments: dict[str, Any]
) -> Page[tuple[Any, ...]]:
    """Return a page of the rows of a query with AFTER and ORDER, whose first columns are vendor, name and currency.

    Raises CursorInvalid.
    """
    vendor_id, currency = parse_cursor(cursor, IntegerField(), TextField()) if cursor else (None, None)
    if vendor_id is not None and not Vendor.select().where(Vendor.id == vendor_id).exists():
        raise CursorInvalid(field="cursor")
    bounds = {
        "language": language,
        "after": vendor_id,
        "after_currency": currency,
        "rows": SUMS_PAGE + 1,
    }
    return cut_page(query(sql, {**arguments, **bounds}), SUMS_PAGE, lambda row: (row[0], row[2]))
