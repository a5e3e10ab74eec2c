"""Write the file of a ledger in pieces, at once or one by one: a piece needs only the rows and what came before."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from portal.db import Keyset, Page
from portal.exports import Piece
from portal.lib.errors import PortalError
from portal.lib.zip_parts import MOST_BYTES, join_parts, pack, zip_size
from portal.web.exports.csv_file import csv_text
from portal.web.exports.ledger import Ledger
from portal.web.exports.xlsx_file import SHEET_ROWS, sheet_text, workbook_parts

PIECE_ROWS = 2_000


class LedgerTooLong(PortalError):
    """There are more rows than a sheet can hold, or more text; param at_most (rows)."""

    code = "ledger_too_long"


@dataclass(frozen=True)
class Written:
    """What the earlier pieces of a file hold: rows, and bytes with their checksum before they were compressed."""

    rows: int = 0
    size: int = 0
    crc: int = 0


def write_piece(ledger: Ledger, form: str, page: Page[Any], before: Written) -> Piece:
    """Return the next piece of a file from the next page of rows; raise LedgerTooLong."""
    is_last = page.next_cursor is None
    if form == "csv":
        text = csv_text(ledger, page.rows, is_first=not before.rows).encode()
        content = text
    else:
        text = sheet_text(ledger, page.rows, before.rows, is_last=is_last).encode()
        content = pack(text, is_last=is_last)
        if before.rows + len(page.rows) > SHEET_ROWS or before.size + len(text) > MOST_BYTES:
            raise LedgerTooLong(at_most=SHEET_ROWS)
    return Piece(
        content, len(page.rows), page.next_cursor, before.size + len(text), zlib.crc32(text, before.crc)
    )


def write_pieces(
    ledger: Ledger, form: str, rows: Keyset[Any], page_rows: int = PIECE_ROWS
) -> Iterator[Piece]:
    """Yield all pieces of a file; raise LedgerTooLong."""
    before, cursor = Written(), None
    while True:
        piece = write_piece(ledger, form, rows.page(cursor, page_rows), before)
        yield piece
        before, cursor = (
            Written(before.rows + piece.rows, piece.content_bytes, piece.content_crc),
            piece.next_cursor,
        )
        if cursor is None:
            return


def whole_file(
    ledger: Ledger, form: str, written: Written, stored_bytes: int, pieces: Iterable[bytes]
) -> tuple[int, Iterable[bytes]]:
    """Return the size of a file whose pieces are written, and its content."""
    if form == "csv":
        return stored_bytes, pieces
    parts = workbook_parts(ledger, written.crc, written.size, stored_bytes, pieces)
    return zip_size(parts), join_parts(parts)
