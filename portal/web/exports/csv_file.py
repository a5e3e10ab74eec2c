"""A ledger as CSV: UTF-8, CRLF, streamed row by row."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Any

from flask import Response, stream_with_context

from portal.db import Keyset
from portal.web.core.fresh_reads import lagging_reads
from portal.web.exports.columns import cell_text
from portal.web.exports.ledger import Ledger

_PIECE = 32_768


def csv_response(ledger: Ledger, rows: Keyset[Any]) -> Response:
    """Return a streamed response; an error before the first piece is raised here, so that it gets an error page."""
    pieces = csv_pieces(ledger, rows)
    return Response(stream_with_context(_resumed(next(pieces), pieces)), mimetype="text/csv")


def csv_pieces(ledger: Ledger, rows: Keyset[Any]) -> Iterator[str]:
    """Yield the header and every row in pieces of about 32 KB."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow([column.name for column in ledger.columns])
    for row in rows:
        writer.writerow([cell_text(column.read(row)) for column in ledger.columns])
        if buffer.tell() > _PIECE:
            yield buffer.getvalue()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue()


def _resumed(first: str, rest: Iterator[str]) -> Iterator[str]:
    piece: str | None = first
    while piece is not None:
        yield piece
        # Between two pieces other requests use this thread's connection.
        with lagging_reads():
            piece = next(rest, None)
