"""A ledger as CSV: UTF-8, CRLF, in pieces of rows."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from typing import Any

from portal.web.exports.columns import cell_text
from portal.web.exports.ledger import Ledger

MIMETYPE = "text/csv"


def csv_text(ledger: Ledger, rows: Iterable[Any], *, is_first: bool) -> str:
    """Return the next piece of a file, with the header before the first rows."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    if is_first:
        writer.writerow([column.name for column in ledger.columns])
    writer.writerows([cell_text(column.read(row)) for column in ledger.columns] for row in rows)
    return buffer.getvalue()
